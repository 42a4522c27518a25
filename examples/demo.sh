#!/bin/sh
# What `make demo` shows. The binary is given in LEASTWISE; the current folder is the project's.
set -eu
leastwise=${LEASTWISE:?names the leastwise binary}

# Says what is run, then runs it. Findings make `scan` exit with 1, which is no failure here.
show() {
    printf '\n$ leastwise %s\n\n' "$*"
    "$leastwise" "$@" || [ $? -eq 1 ]
}

show scan examples/aws-organization
show paths examples/aws-organization --to admin
show can data-science iam:CreateUser arn:aws:iam::111122223333:user/mallory examples/aws-organization
show check examples/pull-request/after --base examples/pull-request/before
show paths examples/azure-tenant
show scan examples/gcp-editor
show recommend examples/gcp-editor --usage examples/gcp-editor/audit-log.jsonl.gz \
    --principal uploader@acme-media.iam.gserviceaccount.com
show recommend examples/aws-lambda/account --usage examples/aws-lambda/AWSLogs --principal thumbnails
show recommend examples/azure-contributor/estate --usage examples/azure-contributor/logs --principal meter-uploader
