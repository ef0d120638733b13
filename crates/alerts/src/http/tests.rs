use super::*;

#[test]
fn the_outcome_table() {
    let table: &[(&[u16], u32, &str)] = &[
        (&[200, 201, 202, 204, 299], 1, "delivered"),
        (&[408, 425, 429, 500, 502, 503, 504], 9, "transient"),
        (&[301, 302, 307, 308, 403, 404, 405], 1, "transient"),
        (&[301, 302, 307, 308, 403, 404, 405], 5, "transient"),
        (&[301, 302, 307, 308, 403, 404, 405], 6, "broken"),
        (&[401, 407, 410], 1, "broken"),
        (&[400, 413, 422], 1, "permanent"),
    ];
    for (statuses, attempt, want) in table {
        let cx = Attempt::trial(std::time::Duration::ZERO).attempt(*attempt);
        for &status in *statuses {
            let got = Answer::new(status, "").outcome(&cx);
            assert_eq!(got.as_str(), *want, "{status} at attempt {attempt}");
        }
    }
}

#[test]
fn a_reason_does_not_quote_the_secret() {
    let endpoint = Endpoint::secret("https://hooks.example/services/T0/B0/xyz?token=abcd")
        .unwrap()
        .hiding(&Secret::new("key-in-the-body"));
    let answer = Answer {
        secrets: Arc::clone(&endpoint.secrets),
        ..Answer::new(
            400,
            "cannot POST /services/T0/B0/xyz?token=abcd\r\nsorry, abcd is unknown; key-in-the-body",
        )
    };
    let want = "HTTP 400: cannot POST /***?*** sorry, *** is unknown; ***";
    assert_eq!(answer.reason(), want);
    assert_eq!(format!("{answer:?}"), want);
    assert_eq!(format!("{endpoint:?}"), "Endpoint(\"hooks.example\")");
}

#[test]
fn a_place_below_an_endpoint() {
    let endpoint = Endpoint::open("https://x/base?keep=1").unwrap();
    let place = |request: Request| request.place(endpoint.url()).to_string();
    assert_eq!(place(Request::get()), "https://x/base?keep=1");
    assert_eq!(place(Request::get().path("/y/z")), "https://x/y/z?keep=1");
    assert_eq!(
        place(Request::get().query("wait", "true").query("keep", "2")),
        "https://x/base?keep=1&wait=true"
    );
}
