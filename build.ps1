#!/usr/bin/env pwsh
# Builds, packs and tests. The last line tells the counts; the exit code is not zero when anything failed or no test ran.
$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot

$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$env:DOTNET_NOLOGO = '1'
$summary = 'artifacts/test-results/summary.txt'
if (Test-Path $summary) { Remove-Item $summary }

dotnet tool restore
if ($LASTEXITCODE -eq 0) { dotnet cake build.cake @args }
$status = $LASTEXITCODE

if (Test-Path $summary) { Get-Content $summary }
exit $status
