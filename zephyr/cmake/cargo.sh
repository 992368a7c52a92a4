#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# cargo.sh ARCHIVE OWN GLUE AR COMMAND...: runs the command, and copies the archive that it made
# to OWN where that is another one, less the runtime of Rust's compiler: C's compiler has one,
# which is in the image already. OWN.d is what the archive was made of, as make tells it.
set -e
archive=$1
own=$2
glue=$3
ar=$4
shift 4
"$@"
if ! cmp -s "$archive" "$own.all"; then
  cp "$archive" "$own.all"
  cp "$archive" "$own"
  "$ar" t "$own" | grep '^compiler_builtins-' | xargs "$ar" d "$own"
fi

# Cargo's own list, a path a line, without what was made meanwhile: in its target folder, which
# images may share, and in GLUE. Of a folder the files count too.
sources() {
  sed -n 's/^.*\.a: //p' "${archive%.a}.d" | sed 's/\\ /\t/g' | tr ' \t' '\n ' |
    while IFS= read -r path; do
      case $path in
        "${archive%/*/*/*}"/* | "$glue"/*) continue ;;
      esac
      printf '%s\n' "$path"
      if [ -d "$path" ]; then find "$path" -type f; fi
    done
}

# What cargo leaves out of its list: the manifests above the files in it.
manifests() {
  sed 's|/[^/]*$||' "$own.sources" | sort -u | while IFS= read -r folder; do
    while [ "$folder" ]; do
      for name in Cargo.toml Cargo.lock; do
        if [ -f "$folder/$name" ]; then printf '%s\n' "$folder/$name"; fi
      done
      folder=${folder%/*}
    done
  done | sort -u
}

sources > "$own.sources"
{
  printf '%s:' "$own"
  { cat "$own.sources"; manifests; } | sed 's/ /\\ /g' | while IFS= read -r path; do
    printf ' \\\n  %s' "$path"
  done
  echo
} > "$own.d"
