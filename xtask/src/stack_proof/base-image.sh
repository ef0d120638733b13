#!/usr/bin/env bash
# A Debian image of this very machine's packages: no registry, no network. Writes a tar archive to $1.
set -euo pipefail
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What every Debian has, what the image's own steps call, and all that those depend on.
wanted=$(dpkg-query -W -f '${Essential} ${Priority} ${Package}\n' | awk '$1 == "yes" || $2 == "required" { print $3 }')
wanted="$wanted apt passwd bash adduser gpgv debian-archive-keyring libstdc++6 libgcc-s1"
packages=$(apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts --no-breaks \
    --no-replaces --no-enhances $wanted 2>/dev/null | grep -E '^[a-z0-9]' | sort -u \
  | { xargs dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null || true; } | awk '$1 == "ii" { print $2 }')

{
  for package in $packages; do dpkg-query -L "$package"; done \
    | grep -vE '^/usr/share/(doc|man|locale|info|lintian)/' \
    | sed -E 's,^/(bin|sbin|lib|lib32|lib64|libx32)/,/usr/\1/,' \
    | grep -vE '^/(proc|sys|dev)(/|$)|^/var/lib/dpkg/'
  # What the packages' scripts have made, and the links of a merged /usr.
  printf '%s\n' /bin /sbin /lib /lib64 /proc /sys /dev /tmp /etc/passwd /etc/group /etc/shadow /etc/gshadow \
    /etc/os-release /etc/debian_version /etc/ld.so.cache /etc/nsswitch.conf /var/lib/dpkg /var/lib/dpkg/info
  find /etc/apt /etc/alternatives -not -path '*/auth.conf*'
  for package in $packages; do
    find /var/lib/dpkg/info -name "$package.*" -o -name "$package:*.*"
  done
} | sort -u | while read -r path; do
  if [ -e "$path" ] || [ -L "$path" ]; then echo "${path#/}"; fi
done | grep -v '^$' | sort -u > "$work/list"
tar -C / --no-recursion --ignore-failed-read -cf "$out" -T "$work/list" 2>/dev/null

# A package database that knows these packages alone, so that apt-get works inside.
mkdir -p "$work/root/var/lib/dpkg/updates" "$work/root/var/lib/dpkg/triggers"
for package in $packages; do dpkg-query -s "$package"; echo; done > "$work/root/var/lib/dpkg/status"
tar -C "$work/root" -rf "$out" var/lib/dpkg/status var/lib/dpkg/updates var/lib/dpkg/triggers
