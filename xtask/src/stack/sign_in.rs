//! Whether Grafana takes the password that `up` is about to name: it keeps the one of its first start.

use crate::http;

/// True when Grafana itself says no; a Grafana that cannot be asked has not said so.
pub(super) fn refused(password: &str) -> bool {
    let word = base64(format!("admin:{password}").as_bytes());
    let header = format!("Authorization: Basic {word}\r\n");
    http::request(3000, "GET", "/api/user", &header, "").is_ok_and(|(status, _)| status == 401)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            let padding = place > chunk.len();
            text.push(if padding { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn as_rfc_4648_has_it() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            (
                "admin:only-for-this-test",
                "YWRtaW46b25seS1mb3ItdGhpcy10ZXN0",
            ),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
