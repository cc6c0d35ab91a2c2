#!/usr/bin/env bash
# Type-checks the workspace for Apple silicon (aarch64-apple-darwin), on a machine that need not be a Mac.
#
#   scripts/check-macos.sh [cargo check arguments]        without any: --workspace --all-targets
#
# Where the active toolchain has the target (rustup target add aarch64-apple-darwin), it is used. Otherwise the nightly
# toolchain builds the standard library from source: its own, where the component rust-src is installed, else that of
# Debian's package rust-src, in a copy of the toolchain below PHALANX_MACOS_HOME (~/.cache/phalanx/macos where that is
# not set). Nothing else on the system is changed. C code is compiled by zig, out of PyPI's ziglang.
#
# Exit status: cargo's; 75 where the tools cannot be set up, for want of a network or of a toolchain.
set -euo pipefail

target=aarch64-apple-darwin
ziglang=ziglang==0.15.2
home=${PHALANX_MACOS_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/phalanx/macos}
cd "$(dirname "$0")/.."

give_up() { echo "check-macos: cannot be set up: $*" >&2; exit 75; }

# The active toolchain's cargo where it has the target, else one that can build it; options go to `options`.
choose_toolchain() {
  options=()
  if [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
    cargo=cargo
    return
  fi
  local nightly
  nightly=$(rustup run nightly rustc --print sysroot 2>/dev/null) \
    || give_up "neither the target (rustup target add $target) nor a nightly toolchain is installed"
  if [ ! -d "$nightly/lib/rustlib/src/rust/library" ]; then
    [ -d "$home/toolchain" ] || with_debian_source "$nightly"
    nightly=$home/toolchain
  fi
  options=(-Zbuild-std=std,panic_abort)
  cargo=$nightly/bin/cargo
  export RUSTC=$nightly/bin/rustc RUSTDOC=$nightly/bin/rustdoc
}

# Copies a toolchain, by hard links where it can, and adds Debian's source of the standard library.
with_debian_source() {
  local work=$home/unfinished
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || give_up "no apt-get to fetch rust-src with"
  rm -rf "$work"
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/unpacked"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main" \
    >"$work/sid.list"
  local apt=(apt-get -qq -o "Dir::Etc::SourceList=$work/sid.list" -o Dir::Etc::SourceParts=-
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o APT::Sandbox::User=)
  "${apt[@]}" update >&2 || give_up "Debian's package list cannot be fetched"
  (cd "$work" && "${apt[@]}" download rust-src >&2) || give_up "Debian's rust-src cannot be fetched"
  dpkg-deb -x "$work"/rust-src_*.deb "$work/unpacked"
  cp -al "$1" "$work/toolchain" 2>/dev/null || { rm -rf "$work/toolchain" && cp -a "$1" "$work/toolchain"; }
  mkdir -p "$work/toolchain/lib/rustlib/src/rust"
  mv "$work"/unpacked/usr/src/rustc-*/library "$work/toolchain/lib/rustlib/src/rust/library"
  mv "$work/toolchain" "$home/toolchain"
  rm -rf "$work"
}

# Names zig as the target's C compiler, through two wrappers: cc-rs passes the target in its own words.
use_zig() {
  local find='import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))' zig
  if ! zig=$(python3 -c "$find" 2>/dev/null); then
    if [ ! -x "$home/venv/bin/python3" ] || ! "$home/venv/bin/python3" -c 'import ziglang' 2>/dev/null; then
      python3 -m venv --clear "$home/venv" || give_up "no virtual environment for $ziglang"
      "$home/venv/bin/python3" -m pip install --quiet "$ziglang" >&2 || give_up "$ziglang cannot be installed"
    fi
    zig=$("$home/venv/bin/python3" -c "$find")
  fi
  mkdir -p "$home/bin"
  cat >"$home/bin/cc" <<WRAPPER
#!/usr/bin/env bash
kept=()
while [ \$# -gt 0 ]; do
  case \$1 in
    -arch | -target | -isysroot) shift ;;
    --target=* | -mmacosx-version-min=*) ;;
    *) kept+=("\$1") ;;
  esac
  shift
done
exec "$zig" cc -target aarch64-macos.11.0 "\${kept[@]}"
WRAPPER
  printf '#!/bin/sh\nexec "%s" ar "$@"\n' "$zig" >"$home/bin/ar"
  chmod +x "$home/bin/cc" "$home/bin/ar"
  export CC_aarch64_apple_darwin=$home/bin/cc CXX_aarch64_apple_darwin=$home/bin/cc AR_aarch64_apple_darwin=$home/bin/ar
}

choose_toolchain
[ "$(uname -s)" = Darwin ] || use_zig
[ $# -gt 0 ] || set -- --workspace --all-targets
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/macos
exec "$cargo" check "${options[@]}" --target "$target" "$@"
