#!/usr/bin/env bash
# Builds, packs and tests. The last line tells the counts; the exit code is not zero when anything failed or no test ran.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
summary=artifacts/test-results/summary.txt
rm -f "$summary"

status=0
{ dotnet tool restore && dotnet cake build.cake "$@"; } || status=$?

if [[ -f $summary ]]; then
    cat "$summary"
fi
exit "$status"
