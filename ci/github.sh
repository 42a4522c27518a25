#!/usr/bin/env bash
# Runs the check inside a job of GitHub Actions: annotations in the log, the report in the job's summary and as Markdown for a
# comment, SARIF for code scanning. Takes what it needs from the environment, so that no input is ever part of a command.
set -euo pipefail

arguments=(check)
# Paths are separated by spaces; nothing else in them is special.
read -r -a paths <<<"${PATHS:-.}"
if [ -n "${PLAN:-}" ]; then
  arguments+=(--plan "$PLAN")
else
  arguments+=("${paths[@]}")
  if [ -z "${BASE:-}" ] && [ -n "${TARGET:-}" ]; then
    # A shallow checkout has only the merge commit.
    git fetch --quiet --no-tags --depth=1 origin "+refs/heads/$TARGET:refs/remotes/origin/$TARGET"
    BASE="origin/$TARGET"
  fi
  [ -z "${BASE:-}" ] || arguments+=(--base "$BASE")
fi
[ -z "${ESTATE:-}" ] || arguments+=(--estate "$ESTATE")
[ -z "${FAIL_ON:-}" ] || arguments+=(--fail-on "$FAIL_ON")
[ "${STRICT:-false}" != true ] || arguments+=(--strict)
[ -z "${SARIF:-}" ] || arguments+=(--output "sarif=$SARIF")
report="${RUNNER_TEMP:-/tmp}/leastwise.md"
arguments+=(--output "markdown=$report" --format github)

code=0
leastwise "${arguments[@]}" || code=$?
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$report" ]; then
  cat "$report" >>"$GITHUB_STEP_SUMMARY"
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  echo "exit-code=$code" >>"$GITHUB_OUTPUT"
else
  exit "$code"
fi
