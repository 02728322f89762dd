#!/usr/bin/env bash
# Debian packages that the tests use: installed as root, else said loudly and the tests skip.
set -u
missing=()
command -v chromium >/dev/null || missing+=(chromium fonts-noto-cjk)
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
[ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "NOT INSTALLED (needs root and Debian): ${missing[*]}: the tests that need them are skipped"
  exit 0
fi
echo "installing Debian packages: ${missing[*]} …"
export DEBIAN_FRONTEND=noninteractive
if [ ! -e /usr/sbin/policy-rc.d ]; then  # a package that is installed here starts no server
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/tmp/debian-packages.log 2>&1; then
  echo "COULD NOT INSTALL ${missing[*]}: the tests that need them are skipped"; tail -3 /tmp/debian-packages.log
fi
