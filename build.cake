using System.Globalization;
using System.IO.Compression;
using System.Xml.Linq;

var target = Argument("target", "Default");
var configuration = Argument("configuration", "Release");

const string Solution = "Idempotency.Filters.slnx";
const string UnitTests = "Idempotency.Filters.Tests";
var libraries = new Dictionary<string, string[]>
{
    // Each with the packages that it may depend on.
    ["Idempotency.Filters"] = [],
    ["Idempotency.Filters.Medallion"] = ["DistributedLock.Core", "Idempotency.Filters"],
    ["Idempotency.Filters.Redis"] = ["Idempotency.Filters", "StackExchange.Redis"],
};
var artifacts = Directory("artifacts");
var packages = artifacts + Directory("packages");
var testResults = artifacts + Directory("test-results");
// The build scripts print this file as their last line.
var summary = testResults + File("summary.txt");

Task("Restore").Does(() => DotNetRestore(Solution));

Task("Build")
    .IsDependentOn("Restore")
    .Does(() => DotNetBuild(Solution, new DotNetBuildSettings { Configuration = configuration, NoRestore = true }));

// Before the tests, so that a failing test does not hide a package that cannot be made.
Task("Pack")
    .IsDependentOn("Build")
    .Does(() =>
    {
        var version = XmlPeek("Directory.Build.props", "/Project/PropertyGroup/Version");
        CleanDirectory(packages);
        foreach (var (name, dependencies) in libraries)
        {
            DotNetPack($"{name}/{name}.csproj", new DotNetPackSettings { Configuration = configuration, NoBuild = true, OutputDirectory = packages });

            using var package = ZipFile.OpenRead(packages + File($"{name}.{version}.nupkg"));
            using var manifest = package.GetEntry($"{name}.nuspec").Open();
            var found = XDocument.Load(manifest).Descendants()
                .Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id").Value).Order().ToList();
            if (!found.SequenceEqual(dependencies))
                throw new CakeException($"{name} depends on [{string.Join(", ", found)}]; expected were [{string.Join(", ", dependencies)}].");
        }
    });

// The tests drive the distribution's own Chromium and redis-server. Where one cannot be installed, its tests skip themselves and say so.
Task("Install-Test-Dependencies")
    .WithCriteria(() => FileExists("/usr/bin/apt-get"), "There is no apt-get.")
    .Does(() =>
    {
        string[] missing = [.. new[] { "chromium", "redis-server" }.Where(program => !FileExists($"/usr/bin/{program}"))];
        if (missing.Length == 0)
            return;

        var sudo = Environment.IsPrivilegedProcess ? "" : "sudo -n ";
        // Run level 1: a package that brings a service does not start it.
        var apt = $"{sudo}env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -o DPkg::Lock::Timeout=300";
        var script = $"{apt} update && {apt} install -y --no-install-recommends {string.Join(' ', missing)}";
        var exitCode = StartProcess("/bin/sh", new ProcessSettings { Arguments = new ProcessArgumentBuilder().Append("-c").AppendQuoted(script) });
        if (exitCode != 0)
            Warning("{0} could not be installed (exit code {1}): tests that need it will not run.", string.Join(" and ", missing), exitCode);
    });

Task("Test")
    .IsDependentOn("Build")
    .IsDependentOn("Install-Test-Dependencies")
    .Does(() =>
    {
        CleanDirectory(testResults);
        var exitCode = 0;
        // The budgets alone: they count what a process allocates, and threads of the test framework that wait for other tests may allocate, too.
        foreach (var (tests, filter) in new[] { (Solution, "FullyQualifiedName!~.Budgets."), (UnitTests, "FullyQualifiedName~.Budgets.") })
        {
            DotNetTest(tests, new DotNetTestSettings
            {
                Configuration = configuration,
                Filter = filter,
                NoBuild = true,
                Loggers = ["trx;LogFilePrefix=tests"],
                ResultsDirectory = testResults,
                // One project at a time: browsers and the crowds of waiters would take the processor from each other.
                ArgumentCustomization = arguments => arguments.Append("-m:1"),
                // The counts are wanted of a run that failed, too.
                HandleExitCode = code => { exitCode = Math.Max(exitCode, code); return true; },
            });
        }

        var results = GetFiles($"{testResults}/**/*.trx").SelectMany(file => XDocument.Load(file.FullPath).Descendants()).ToList();
        var counters = results.Where(element => element.Name.LocalName == "Counters").ToList();
        int Sum(params string[] names) => counters.Sum(
            element => names.Sum(name => int.Parse(element.Attribute(name)?.Value ?? "0", CultureInfo.InvariantCulture)));

        var passed = Sum("passed");
        var failed = Sum("failed", "error", "timeout", "aborted");
        var reasons = results
            .Where(element => element.Name.LocalName == "UnitTestResult" && element.Attribute("outcome")?.Value == "NotExecuted")
            .Select(element => element.Descendants().FirstOrDefault(child => child.Name.LocalName is "Message" or "StdOut")?.Value ?? "no reason given");
        foreach (var reason in reasons.GroupBy(reason => reason))
            Warning("{0} tests were skipped: {1}", reason.Count(), reason.Key);

        System.IO.File.WriteAllText(summary, $"{passed} passed, {failed} failed{Environment.NewLine}");

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
