//! The messages of OTLP 1.7, read by the numbers of its published schema
//! (<https://github.com/open-telemetry/opentelemetry-proto/tree/v1.7.0/opentelemetry/proto>).

/// A message's fields as they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message(Vec<(u64, Field)>);

#[derive(Clone, Debug)]
enum Field {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(Vec<u8>),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for place in 0..10 {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return value;
        }
    }
    panic!("a number of more than ten bytes");
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at_checked(length).expect("a message is whole");
    *bytes = rest;
    taken
}

impl Message {
    pub(crate) fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let field = match tag & 7 {
                0 => Field::Varint(varint(&mut bytes)),
                1 => Field::Fixed64(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
                2 => {
                    let length = varint(&mut bytes);
                    Field::Bytes(take(&mut bytes, usize::try_from(length).unwrap()).to_vec())
                }
                5 => Field::Fixed32(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap())),
                kind => panic!("a field of kind {kind}"),
            };
            fields.push((tag >> 3, field));
        }
        Self(fields)
    }

    fn find(&self, number: u64) -> Option<&Field> {
        let mut found = self.0.iter().filter(|(own, _)| *own == number);
        let field = found.next().map(|(_, field)| field);
        assert!(
            found.next().is_none(),
            "field {number} comes once: {self:?}"
        );
        field
    }

    /// Fails where there is a field that the schema does not have.
    fn only(self, numbers: &[u64]) -> Self {
        let known = |(number, _): &(u64, Field)| numbers.contains(number);
        assert!(self.0.iter().all(known), "{self:?}");
        self
    }

    fn uint(&self, number: u64) -> u64 {
        match self.find(number) {
            None => 0,
            Some(Field::Varint(value)) => *value,
            other => panic!("{other:?}"),
        }
    }

    fn fixed64(&self, number: u64) -> u64 {
        self.fixed64_if(number).unwrap_or_default()
    }

    fn fixed64_if(&self, number: u64) -> Option<u64> {
        match self.find(number)? {
            Field::Fixed64(value) => Some(*value),
            other => panic!("{other:?}"),
        }
    }

    fn fixed32(&self, number: u64) -> u32 {
        match self.find(number) {
            None => 0,
            Some(Field::Fixed32(value)) => *value,
            other => panic!("{other:?}"),
        }
    }

    fn bytes(&self, number: u64) -> Vec<u8> {
        match self.find(number) {
            None => Vec::new(),
            Some(Field::Bytes(value)) => value.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn text(&self, number: u64) -> String {
        String::from_utf8(self.bytes(number)).unwrap()
    }

    fn packed(&self, number: u64) -> Vec<u64> {
        let bytes = self.bytes(number);
        let words = bytes
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(word.try_into().unwrap()));
        words.collect()
    }

    pub(crate) fn inside(&self, number: u64) -> Vec<Self> {
        let own = self.0.iter().filter(|(own, _)| *own == number);
        own.map(|(_, field)| match field {
            Field::Bytes(bytes) => Self::read(bytes),
            other => panic!("{other:?}"),
        })
        .collect()
    }

    fn attributes(&self, number: u64) -> Vec<(String, String)> {
        let pairs = self.inside(number).into_iter();
        pairs
            .map(|pair| {
                let pair = pair.only(&[1, 2]);
                (pair.text(1), words(&pair.inside(2)[0]))
            })
            .collect()
    }
}

/// `AnyValue`, in words.
fn words(value: &Message) -> String {
    match &value.0[..] {
        [(1, Field::Bytes(text))] => String::from_utf8(text.clone()).unwrap(),
        [(2, Field::Varint(value))] => (*value == 1).to_string(),
        [(3, Field::Varint(value))] => value.cast_signed().to_string(),
        [(4, Field::Fixed64(bits))] => f64::from_bits(*bits).to_string(),
        [(5, Field::Bytes(list))] => {
            let list = Message::read(list);
            list.inside(1)
                .iter()
                .map(words)
                .collect::<Vec<_>>()
                .join("|")
        }
        other => panic!("{other:?}"),
    }
}

/// The value of an attribute in words.
pub(crate) fn value(attributes: &[(String, String)], name: &str) -> Option<String> {
    let found = attributes.iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value.clone())
}

/// What is around the items of a request.
#[derive(Debug)]
pub(crate) struct Around {
    pub(crate) resource: Vec<(String, String)>,
    pub(crate) schema_url: String,
    pub(crate) scope: (String, String),
    pub(crate) items: Vec<Message>,
}

impl Around {
    pub(crate) fn read(request: &[u8]) -> Self {
        let request = Message::read(request).only(&[1]);
        let [resource] = <[Message; 1]>::try_from(request.inside(1)).unwrap();
        let resource = resource.only(&[1, 2, 3]);
        let [scope] = <[Message; 1]>::try_from(resource.inside(2)).unwrap();
        let named = &scope.inside(1)[0];
        Self {
            resource: resource.inside(1)[0].attributes(1),
            schema_url: resource.text(3),
            scope: (named.text(1), named.text(2)),
            items: scope.only(&[1, 2, 3]).inside(2),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) trace_id: Vec<u8>,
    pub(crate) span_id: Vec<u8>,
    pub(crate) parent_span_id: Vec<u8>,
    pub(crate) flags: u32,
    pub(crate) name: String,
    pub(crate) kind: u64,
    pub(crate) start_time_unix_nano: u64,
    pub(crate) end_time_unix_nano: u64,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) dropped_attributes_count: u64,
    /// Code and message.
    pub(crate) status: Option<(u64, String)>,
}

impl Span {
    pub(crate) fn of(message: Message) -> Self {
        let m = message.only(&(1..=16).collect::<Vec<_>>());
        Self {
            trace_id: m.bytes(1),
            span_id: m.bytes(2),
            parent_span_id: m.bytes(4),
            flags: m.fixed32(16),
            name: m.text(5),
            kind: m.uint(6),
            start_time_unix_nano: m.fixed64(7),
            end_time_unix_nano: m.fixed64(8),
            attributes: m.attributes(9),
            dropped_attributes_count: m.uint(10),
            status: m
                .inside(15)
                .first()
                .map(|status| (status.uint(3), status.text(2))),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct LogRecord {
    pub(crate) observed_time_unix_nano: u64,
    pub(crate) severity_number: u64,
    pub(crate) severity_text: String,
    pub(crate) body: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) flags: u32,
    pub(crate) trace_id: Vec<u8>,
    pub(crate) span_id: Vec<u8>,
}

impl LogRecord {
    pub(crate) fn of(message: Message) -> Self {
        let m = message.only(&[1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(m.fixed64(1), m.fixed64(11));
        Self {
            observed_time_unix_nano: m.fixed64(11),
            severity_number: m.uint(2),
            severity_text: m.text(3),
            body: words(&m.inside(5)[0]),
            attributes: m.attributes(6),
            flags: m.fixed32(8),
            trace_id: m.bytes(9),
            span_id: m.bytes(10),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) unit: String,
    /// `gauge`, `sum` or `histogram`.
    pub(crate) kind: &'static str,
    pub(crate) temporality: u64,
    pub(crate) monotonic: bool,
    pub(crate) points: Vec<Point>,
}

#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) start: u64,
    pub(crate) time: u64,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) value: Option<f64>,
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) bucket_counts: Vec<u64>,
    pub(crate) bounds: Vec<f64>,
    /// Value and trace.
    pub(crate) exemplars: Vec<(f64, Vec<u8>)>,
}

impl Metric {
    pub(crate) fn of(message: Message) -> Self {
        let m = message.only(&[1, 2, 3, 5, 7, 9]);
        let data = [(5, "gauge"), (7, "sum"), (9, "histogram")];
        let (kind, data) = data
            .into_iter()
            .find_map(|(number, kind)| Some((kind, m.inside(number).pop()?)))
            .unwrap();
        let data = data.only(&[1, 2, 3]);
        let points = data.inside(1).into_iter();
        Self {
            name: m.text(1),
            unit: m.text(3),
            kind,
            temporality: data.uint(2),
            monotonic: data.uint(3) == 1,
            points: points
                .map(|point| Point::of(point, kind == "histogram"))
                .collect(),
        }
    }
}

impl Point {
    fn of(m: Message, histogram: bool) -> Self {
        let m = m.only(if histogram {
            &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
        } else {
            &[2, 3, 4, 5, 6, 7, 8]
        });
        let float = |number: u64| m.fixed64_if(number).map(f64::from_bits);
        let whole = |wanted: bool, number: u64| if wanted { m.fixed64(number) } else { 0 };
        let words = |number: u64| {
            if histogram {
                m.packed(number)
            } else {
                Vec::new()
            }
        };
        let exemplars = if histogram { m.inside(8) } else { Vec::new() };
        Self {
            start: m.fixed64(2),
            time: m.fixed64(3),
            attributes: m.attributes(if histogram { 9 } else { 7 }),
            value: (!histogram).then(|| float(4)).flatten(),
            count: whole(histogram, 4),
            sum: histogram.then(|| float(5)).flatten(),
            bucket_counts: words(6),
            bounds: words(7).into_iter().map(f64::from_bits).collect(),
            exemplars: exemplars
                .iter()
                .map(|exemplar| (f64::from_bits(exemplar.fixed64(3)), exemplar.bytes(5)))
                .collect(),
        }
    }
}
