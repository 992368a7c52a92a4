#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# cargo.sh ARCHIVE OWN COMMAND...: runs the command, and copies the archive that it made to OWN
# where that is another one.
set -e
archive=$1
own=$2
shift 2
"$@"
cmp -s "$archive" "$own" || cp "$archive" "$own"
