# The compiler for the image's processor: sourced by the Dockerfile's first stage, which runs on the builder's own.
# Sets TARGET and STRIP, and what cargo and the C compiler need for another processor.

case "$TARGETARCH" in
    amd64) cpu=x86_64 debian=x86-64 ;;
    arm64) cpu=aarch64 debian=aarch64 ;;
    *) echo "the image is made for amd64 and arm64, not for $TARGETARCH" >&2; exit 2 ;;
esac
TARGET="$cpu-unknown-linux-gnu" STRIP=strip
if [ "$TARGETARCH" != "$(dpkg --print-architecture)" ]; then
    apt-get install --yes --no-install-recommends "gcc-$debian-linux-gnu" "libc6-dev-$TARGETARCH-cross"
    rustup target add "$TARGET"
    STRIP="$cpu-linux-gnu-strip"
    linker=$(echo "CARGO_TARGET_${cpu}_UNKNOWN_LINUX_GNU_LINKER" | tr '[:lower:]' '[:upper:]')
    export "$linker=$cpu-linux-gnu-gcc"
    export "CC_${cpu}_unknown_linux_gnu=$cpu-linux-gnu-gcc" "AR_${cpu}_unknown_linux_gnu=$cpu-linux-gnu-ar"
fi
export TARGET STRIP
