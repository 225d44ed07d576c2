# Sourced by scripts that run several checks to the end, so that every failure is seen, and count them.
# shellcheck shell=bash
passed=0
failed=0
failures=()

# step NAME COMMAND… : one check, counted once.
step() {
  local name=$1 started=$SECONDS
  shift
  printf '\n── %s\n' "$name"
  if "$@" </dev/null; then
    passed=$((passed + 1))
    printf '✓ %s (%d s)\n' "$name" $((SECONDS - started))
  else
    failed=$((failed + 1))
    failures+=("$name")
    printf '✗ %s (%d s): %s\n' "$name" $((SECONDS - started)) "$*"
  fi
}

# tests PROJECT… : vitest projects, every test counted.
tests() {
  local started=$SECONDS report counts names status=0
  report=$(mktemp)
  printf '\n── tests: %s\n' "$*"
  npx vitest run "${@/#/--project=}" --passWithNoTests \
    --reporter=default --reporter=json --outputFile.json="$report" </dev/null || status=$?
  mapfile -t names < <(node scripts/count-tests.mjs "$report" "$status")
  counts=${names[0]}
  failures+=("${names[@]:1}")
  rm -f "$report"
  passed=$((passed + ${counts% *}))
  failed=$((failed + ${counts#* }))
  printf '%s tests: %s passed, %s failed (%d s)\n' "$*" "${counts% *}" "${counts#* }" $((SECONDS - started))
}

# static_checks : everything that needs no running code.
static_checks() {
  step format npm run --silent format:check
  step lint npm run --silent lint
  step types npm run --silent types
  step 'dead code' npm run --silent dead-code
}

# finish : what failed, the totals on a line of their own, and the exit code.
finish() {
  if ((failed > 0)); then printf '\nfailed:\n' && printf '  %s\n' "${failures[@]}"; fi
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [[ $failed -eq 0 ]]
}
