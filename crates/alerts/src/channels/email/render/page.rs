//! The HTML of a mail: one card, as wide as the screen, light or dark as the reader likes it.

use bongsu_lang::Lang;

use super::{FACT, FACTS, TEXT};
use crate::render::fit::{Unit, fit, html};
use crate::render::view::View;

/// What inline styles cannot say. Readers that drop it show the light card.
const STYLE: &str = "\
    :root{color-scheme:light dark}\
    @media (max-width:480px){.card{padding:16px !important}.page{padding:0 !important}\
    th,td{display:block !important;padding:0 !important}td{padding-bottom:10px !important}}\
    @media (prefers-color-scheme:dark){.page{background:#111418 !important}\
    .card{background:#1c2128 !important;color:#e6e6e6 !important}\
    th,.foot{color:#9aa4af !important}td{color:#e6e6e6 !important}a{color:#7cb7ff !important}\
    .button{color:#fff !important}}";

/// The page, and whether something was cut.
pub(super) fn page(view: &View, lang: Lang, shade: &str) -> (String, bool) {
    let mut cut = false;
    let mut esc = |text: &str, limit: usize| {
        let fitted = fit(text, limit, Unit::Bytes, html);
        cut |= fitted.truncated;
        fitted.text
    };
    let words = view.words;
    let mut rows = String::new();
    let mut row = |name: &str, value: &str| {
        rows.push_str(&format!(
            "<tr><th style=\"text-align:left;vertical-align:top;padding:4px 16px 4px 0;color:#5f6670;font-weight:600;white-space:nowrap\">{name}</th>\
             <td style=\"padding:4px 0;white-space:pre-wrap;overflow-wrap:anywhere\">{value}</td></tr>\n"
        ));
    };
    row(words.level(), view.level_name);
    row(words.source(), &esc(&view.source, FACT));
    row(words.time(), &view.time);
    for (name, value) in view.facts.iter().take(FACTS) {
        row(&esc(name, 1_000), &esc(value, 4 * FACT));
    }
    if view.facts.len() > FACTS {
        cut_row(view, &mut row);
    }
    for (label, value) in view.tail() {
        let value = esc(value, 4 * FACT);
        if value.starts_with("https://") || value.starts_with("http://") {
            row(
                label,
                &format!("<a href=\"{value}\" style=\"color:#0b57d0\">{value}</a>"),
            );
        } else {
            row(label, &value);
        }
    }
    let (title, body, footer) = (
        esc(&view.headline, 4_000),
        esc(&view.body, TEXT),
        esc(&view.footer, FACT),
    );
    let button = view.console.as_deref().map_or_else(String::new, |url| {
        format!(
            "<p style=\"margin:0 0 16px\"><a class=\"button\" href=\"{}\" style=\"display:inline-block;background:{shade};color:#fff;\
             text-decoration:none;padding:8px 16px;border-radius:4px;font-weight:600\">{}</a></p>\n",
            esc(url, FACT),
            words.console()
        )
    });
    let cut = cut || view.facts.len() > FACTS;
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body class=\"page\" style=\"margin:0;padding:16px;background:#f1f3f4;font-family:-apple-system,'Apple SD Gothic Neo','Malgun Gothic','Noto Sans KR',Arial,sans-serif;font-size:14px;line-height:1.5\">\n\
         <div class=\"card\" style=\"max-width:640px;margin:0 auto;background:#fff;color:#202124;border-top:6px solid {shade};padding:24px\">\n\
         <p style=\"margin:0 0 8px\"><span style=\"display:inline-block;background:{shade};color:#fff;padding:2px 10px;border-radius:10px;font-size:12px;font-weight:700\">{}</span></p>\n\
         <h1 style=\"font-size:18px;line-height:1.35;margin:0 0 12px;word-break:keep-all;overflow-wrap:anywhere\">{title}</h1>\n\
         <p style=\"white-space:pre-wrap;word-break:keep-all;overflow-wrap:anywhere;margin:0 0 16px\">{body}</p>\n{button}\
         <table style=\"border-collapse:collapse;font-size:13px;width:100%\">\n{rows}</table>\n\
         <p class=\"foot\" style=\"color:#5f6670;font-size:12px;margin:16px 0 0\">{footer}</p>\n\
         </div></body></html>\n",
        lang.tag(),
        view.level_name,
    );
    (page, cut)
}

fn cut_row(view: &View, row: &mut impl FnMut(&str, &str)) {
    row("…", &view.words.left_out(view.facts.len() - FACTS));
}
