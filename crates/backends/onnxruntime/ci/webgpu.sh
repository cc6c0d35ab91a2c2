#!/usr/bin/env bash
# Prepares a Debian machine without a GPU to run the WebGPU tests: Mesa's software Vulkan out of the release's
# backports (version 25 or newer; what bookworm itself has crashes onnxruntime), and a virtual environment with
# PyPI's onnxruntime-webgpu. Run again, it does only what is missing.
#
#   webgpu.sh [VENV]      VENV: where the environment goes; target/venv-webgpu of the working directory where left out
#
# The last line on stdout is the library's path: give it to the tests as PHALANX_ONNXRUNTIME_WEBGPU.
set -euo pipefail

venv=${1:-$PWD/target/venv-webgpu}
mesa_major_min=25
sources_dir=/etc/apt/sources.list.d
backports=$sources_dir/backports.sources

say() { echo "webgpu: $*" >&2; }
die() { say "$*"; exit 1; }

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

mesa_major() { dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null | sed 's/^[0-9]*://; s/\..*//'; }

# The mirror the machine already uses for its own release: the first `deb` entry without a security archive.
mirror() {
  awk '/^URIs:/ && !/security/ { print $2; exit } $1 == "deb" && !/security/ { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) { print $i; exit } }' \
    "$sources_dir"/debian.sources "$sources_dir"/*.sources "$sources_dir"/*.list /etc/apt/sources.list 2>/dev/null
}

install_mesa() {
  local codename url
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  url=$(mirror)
  [ -n "$url" ] || die "no Debian mirror in $sources_dir: expected an entry with URIs"
  printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\nSigned-By: %s\n' \
    "$url" "$codename" /usr/share/keyrings/debian-archive-keyring.gpg | as_root tee "$backports" >/dev/null
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends \
    -t "$codename-backports" mesa-vulkan-drivers libvulkan1 >&2
}

if [ "$(mesa_major || echo 0)" -lt "$mesa_major_min" ] 2>/dev/null || [ -z "$(mesa_major)" ]; then
  say "installing Mesa's Vulkan drivers out of backports"
  install_mesa
fi
[ "$(mesa_major)" -ge "$mesa_major_min" ] || die "expected Mesa $mesa_major_min or newer, got $(mesa_major)"

library() { find "$venv" -name 'libonnxruntime.so.*' -path '*/onnxruntime/capi/*' 2>/dev/null | sort -V | tail -n 1; }

if [ -z "$(library)" ]; then
  say "installing onnxruntime-webgpu in $venv"
  python3 -m venv "$venv"
  "$venv/bin/python3" -m pip install --quiet --disable-pip-version-check onnxruntime-webgpu >&2
fi
found=$(library)
[ -n "$found" ] || die "expected onnxruntime/capi/libonnxruntime.so.* in $venv, found none"
echo "$found"
