#!/usr/bin/env bash
# Keeps the result in one comment of the pull request: the one that begins with the mark is changed, or one is made.
set -euo pipefail

report="${RUNNER_TEMP:-/tmp}/leastwise.md"
[ -f "$report" ] || exit 0
mark="$(head -n 1 "$report")"
comments="repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments"
known="$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$mark\")) | .id" | head -n 1 || true)"
if [ -n "$known" ]; then
  gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$known" --field "body=@$report" >/dev/null
else
  # A pull request from a fork gives no right to write; the summary has the result, too.
  gh api --method POST "$comments" --field "body=@$report" >/dev/null ||
    echo "::notice::the comment could not be written; the result is in the job's summary"
fi
