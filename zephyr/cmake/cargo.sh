#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# cargo.sh ARCHIVE OWN AR COMMAND...: runs the command, and copies the archive that it made to
# OWN where that is another one, less the runtime of Rust's compiler: C's compiler has one, which
# is in the image already.
set -e
archive=$1
own=$2
ar=$3
shift 3
"$@"
cmp -s "$archive" "$own.all" && exit
cp "$archive" "$own.all"
cp "$archive" "$own"
"$ar" t "$own" | grep '^compiler_builtins-' | xargs "$ar" d "$own"
