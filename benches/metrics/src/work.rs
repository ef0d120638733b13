//! The same work for everybody.

use std::time::Duration;

pub const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
pub const STATUSES: [u16; 4] = [200, 201, 404, 500];
pub const DURATIONS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
pub const SIZES: [f64; 9] = [
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];

#[derive(Clone)]
pub struct Request {
    pub route: usize,
    pub method: &'static str,
    pub endpoint: &'static str,
    pub status: u16,
    pub status_text: &'static str,
    pub duration: Duration,
    pub request: u64,
    pub response: u64,
}

/// Requests over 32 routes, most of them well under a second, sizes spread over the buckets.
pub fn requests() -> Vec<Request> {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let routes: Vec<&'static str> = (0..8)
        .map(|i| &*Box::leak(format!("/api/v1/orders/{{id}}/fills{i}").into_boxed_str()))
        .collect();
    (0..1024)
        .map(|_| {
            let route = next() as usize % 32;
            let status = (next() % 16).saturating_sub(12) as usize;
            Request {
                route,
                method: METHODS[route % 4],
                endpoint: routes[route / 4],
                status: STATUSES[status],
                status_text: ["200", "201", "404", "500"][status],
                duration: Duration::from_nanos(1_000_000 << (next() % 11))
                    + Duration::from_nanos(next() % 999_999),
                request: next() % 4_096,
                response: 64 << (next() % 14),
            }
        })
        .collect()
}

/// (symbol, side, volume, profit or loss)
pub fn trades() -> Vec<(&'static str, &'static str, u64, i64)> {
    (0..256_u64)
        .map(|i| {
            let symbol = &*Box::leak(format!("{:06}", 5_930 + (i * 7) % 50).into_boxed_str());
            let side = if i % 3 == 0 { "sell" } else { "buy" };
            (symbol, side, 750_000 + i, 15_000 - 200 * i as i64)
        })
        .collect()
}

/// Label values of the 100,000 series of the scrape.
pub fn series(i: usize) -> (String, &'static str, &'static str) {
    (
        format!("/api/v1/orders/{}", i / 16),
        METHODS[i % 4],
        ["200", "201", "404", "500"][(i / 4) % 4],
    )
}
