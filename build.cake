using System.Globalization;
using System.Xml.Linq;

var target = Argument("target", "Default");
var configuration = Argument("configuration", "Release");

const string Solution = "Idempotency.Filters.slnx";
const string Library = "Idempotency.Filters/Idempotency.Filters.csproj";
const string Medallion = "Idempotency.Filters.Medallion/Idempotency.Filters.Medallion.csproj";
var hasMedallion = false;
var artifacts = Directory("artifacts");
var testResults = artifacts + Directory("test-results");
// The build scripts print this file as their last line.
var summary = testResults + File("summary.txt");

// Puts Medallion's lock into the packages folder where the package source has it; build/Medallion.targets looks there.
Task("Probe-Medallion").Does(() =>
{
    var exitCode = StartProcess("dotnet", new ProcessSettings { Arguments = "restore build/MedallionProbe.csproj -v q", RedirectStandardOutput = true });
    hasMedallion = exitCode == 0;
    if (!hasMedallion)
        Warning("The package source lacks DistributedLock.Core: {0} is built empty, and not packed.", Medallion);
});

Task("Restore")
    .IsDependentOn("Probe-Medallion")
    .Does(() => DotNetRestore(Solution));

Task("Build")
    .IsDependentOn("Restore")
    .Does(() => DotNetBuild(Solution, new DotNetBuildSettings { Configuration = configuration, NoRestore = true }));

// Before the tests, so that a failing test does not hide a package that cannot be made.
Task("Pack")
    .IsDependentOn("Build")
    .Does(() =>
    {
        CleanDirectory(artifacts + Directory("packages"));
        string[] libraries = hasMedallion ? [Library, Medallion] : [Library];
        foreach (var library in libraries)
        {
            DotNetPack(library, new DotNetPackSettings
            {
                Configuration = configuration,
                NoBuild = true,
                OutputDirectory = artifacts + Directory("packages"),
            });
        }
    });

// The browser tests drive the distribution's own Chromium. Where it cannot be installed, they skip themselves and say so.
Task("Install-Test-Dependencies")
    .WithCriteria(() => !FileExists("/usr/bin/chromium") && FileExists("/usr/bin/apt-get"), "Chromium is there, or there is no apt-get.")
    .Does(() =>
    {
        var sudo = Environment.IsPrivilegedProcess ? "" : "sudo -n ";
        var apt = $"{sudo}env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300";
        var script = $"{apt} update && {apt} install -y --no-install-recommends chromium";
        var exitCode = StartProcess("/bin/sh", new ProcessSettings { Arguments = new ProcessArgumentBuilder().Append("-c").AppendQuoted(script) });
        if (exitCode != 0)
            Warning("Chromium could not be installed (exit code {0}): the browser tests will be skipped.", exitCode);
    });

Task("Test")
    .IsDependentOn("Build")
    .IsDependentOn("Install-Test-Dependencies")
    .Does(() =>
    {
        CleanDirectory(testResults);
        var exitCode = 0;
        DotNetTest(Solution, new DotNetTestSettings
        {
            Configuration = configuration,
            NoBuild = true,
            Loggers = ["trx;LogFilePrefix=tests"],
            ResultsDirectory = testResults,
            // One project at a time: browsers and the crowds of waiters would take the processor from each other.
            ArgumentCustomization = arguments => arguments.Append("-m:1"),
            // The counts are wanted of a run that failed, too.
            HandleExitCode = code => { exitCode = code; return true; },
        });

        var results = GetFiles($"{testResults}/**/*.trx").SelectMany(file => XDocument.Load(file.FullPath).Descendants()).ToList();
        var counters = results.Where(element => element.Name.LocalName == "Counters").ToList();
        int Sum(params string[] names) => counters.Sum(
            element => names.Sum(name => int.Parse(element.Attribute(name)?.Value ?? "0", CultureInfo.InvariantCulture)));

        var passed = Sum("passed");
        var failed = Sum("failed", "error", "timeout", "aborted");
        var skipped = Sum("total") - passed - failed;
        var reasons = results
            .Where(element => element.Name.LocalName == "UnitTestResult" && element.Attribute("outcome")?.Value == "NotExecuted")
            .Select(element => element.Descendants().FirstOrDefault(child => child.Name.LocalName is "Message" or "StdOut")?.Value ?? "no reason given");
        foreach (var reason in reasons.GroupBy(reason => reason))
            Warning("{0} tests were skipped: {1}", reason.Count(), reason.Key);

        System.IO.File.WriteAllText(
            summary, $"{passed} passed, {failed} failed{(skipped > 0 ? $", {skipped} skipped" : "")}{Environment.NewLine}");

        if (failed > 0)
            throw new CakeException($"{failed} tests failed.");
        if (exitCode != 0)
            throw new CakeException($"The test run broke off with exit code {exitCode}.");
        if (passed == 0)
            throw new CakeException("No test ran.");
    });

Task("Default")
    .IsDependentOn("Pack")
    .IsDependentOn("Test");

RunTarget(target);
