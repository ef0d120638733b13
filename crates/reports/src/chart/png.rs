//! SVG to PNG with the embedded font.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// NanumSquare Regular (SIL Open Font License, see `fonts/OFL.txt`): all Korean syllables.
static FONT: &[u8] = include_bytes!("../../fonts/NanumSquareR.ttf");

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family("NanumSquare");
    Arc::new(fonts)
});

/// A drawing that could not become a PNG.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PngError {
    /// The SVG does not parse.
    #[error("svg does not parse")]
    Svg(#[source] resvg::usvg::Error),
    /// The picture would be empty or larger than 16 megapixels.
    #[error("picture size {width} × {height} out of range")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The PNG encoder failed.
    #[error("png not encoded: {0}")]
    Encode(String),
}

pub(super) fn parse(svg: &str) -> Result<Tree, PngError> {
    let options = Options {
        font_family: "NanumSquare".to_owned(),
        fontdb: Arc::clone(&FONTS),
        ..Options::default()
    };
    Tree::from_str(svg, &options).map_err(PngError::Svg)
}

/// Draws an SVG of [`super::Chart::svg`] as a PNG, `scale` pixels for each CSS pixel.
///
/// # Errors
///
/// [`PngError`] when the text is no SVG or the size is out of range.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, PngError> {
    let tree = parse(svg)?;
    let pixels = |length: f32| (length * scale).ceil().clamp(0.0, 100_000.0) as u32;
    let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
    let size = PngError::Size { width, height };
    if u64::from(width) * u64::from(height) > 16_000_000 {
        return Err(size);
    }
    let mut pixmap = Pixmap::new(width, height).ok_or(size)?;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixmap.as_mut(),
    );
    pixmap
        .encode_png()
        .map_err(|error| PngError::Encode(error.to_string()))
}
