#!/bin/sh
# Starts the command with secrets from files: LAUNCHWATCH_REDIS_URL_FILE=/run/secrets/redis_url sets LAUNCHWATCH_REDIS_URL.
set -eu
for name in $(env | sed -n 's/^\(LAUNCHWATCH_[A-Z_]*\)_FILE=.*/\1/p'); do
    eval "file=\$${name}_FILE"
    if [ ! -r "$file" ]; then
        echo "launchwatch: ${name}_FILE names $file, which cannot be read: mount it, or take the variable out" >&2
        exit 1
    fi
    export "$name=$(cat "$file")"
    unset "${name}_FILE"
done
exec "$@"
