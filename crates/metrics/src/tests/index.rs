//! From label values to a series and back.

use std::collections::HashMap;

use proptest::prelude::*;

use crate::index::{Found, Index, MAX_LABELS, ROOM, Template, tail};
use crate::text;

#[test]
fn the_tail_is_the_bytes() {
    for len in 0..8 {
        let bytes = &b"abcdefgh"[..len];
        let mut word = [0; 8];
        word[..len].copy_from_slice(bytes);
        assert_eq!(tail(bytes), u64::from_le_bytes(word));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn values_of_any_number_and_length_are_told_apart(
        keys in (1..=MAX_LABELS).prop_flat_map(|labels| {
            let value = prop_oneof!["[ab]{0,9}", "[ab]{60,70}", ".{0,20}"];
            proptest::collection::vec(proptest::collection::vec(value, labels), 1..20)
        }),
    ) {
        let index = Index::<0>::new(1, 100);
        let mut model = HashMap::new();
        for key in &keys {
            let values: Vec<&str> = key.iter().map(String::as_str).collect();
            prop_assert_eq!(index.get(&values).map(|found| found.cell), model.get(key).copied());
            let cell = model.len() as u32;
            let cell = *model.entry(key.clone()).or_insert(cell);
            let found = index.get_or_insert(&values, |n| Some(Found { cell: n as u32, more: [] }));
            prop_assert_eq!(found.map(|found| found.cell), Some(cell));
        }
        let walked = index.entries(keys[0].len()).map(|entry| {
            let mut key = Vec::new();
            entry.each_value(|value| key.push(String::from_utf8(value.to_vec()).unwrap()));
            (key, entry.cell())
        });
        prop_assert_eq!(walked.collect::<HashMap<_, _>>(), model);
    }
}

proptest! {
    #[test]
    fn it_is_a_map_that_keeps_order(
        keys in proptest::collection::vec((".{0,20}", "[ab\"\\\\]{0,9}"), 1..300),
    ) {
        let index = Index::<1>::new(1, 400);
        let mut model: HashMap<(String, String), usize> = HashMap::new();
        let mut order = Vec::new();
        for (a, b) in &keys {
            let values = [a.as_str(), b.as_str()];
            let number = model.len();
            let expected = *model.entry((a.clone(), b.clone())).or_insert_with(|| {
                order.push((a.clone(), b.clone()));
                number
            });
            let found = index.get_or_insert(&values, |n| Some(Found { cell: n as u32, more: [n as u64 + 7] }));
            prop_assert_eq!(found, Some(Found { cell: expected as u32, more: [expected as u64 + 7] }));
            prop_assert_eq!(index.get(&values), found);
        }
        prop_assert_eq!(index.len(), model.len());
        let template = Template::new("n", &["x", "y"]);
        let mut count = 0;
        for (entry, (a, b)) in index.entries(2).zip(&order) {
            prop_assert_eq!(entry.cell(), count);
            let mut labels = Vec::new();
            entry.write_labels(&mut labels, &["x", "y"]);
            let mut expected = Vec::new();
            text::write_labels(&mut expected, &["x", "y"], &[a, b]);
            prop_assert_eq!(&labels, &expected);
            let mut line = [0; ROOM];
            let plain = !text::needs_escape(a) && !text::needs_escape(b);
            let end = entry.write_line(&template, &mut line);
            prop_assert_eq!(end.is_some(), plain);
            if let Some(end) = end {
                prop_assert_eq!(&line[..end], [b"n{", &expected[..], b"} "].concat());
            }
            count += 1;
        }
        prop_assert_eq!(count as usize, order.len());
    }
}
