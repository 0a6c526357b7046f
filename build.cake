using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml.Linq;

var target = Argument("target", "Default");
var configuration = Argument("configuration", "Release");

const string Solution = "Idempotency.Filters.slnx";
var libraries = new Dictionary<string, string[]>
{
    // Each with the packages that it may depend on.
    ["Idempotency.Filters"] = [],
    ["Idempotency.Filters.EntityFrameworkCore"] = ["Idempotency.Filters", "Microsoft.EntityFrameworkCore.Relational"],
    ["Idempotency.Filters.Medallion"] = ["DistributedLock.Core", "Idempotency.Filters"],
    ["Idempotency.Filters.Redis"] = ["Idempotency.Filters", "StackExchange.Redis"],
};
// What the tests drive, and a program of each.
var testDependencies = new Dictionary<string, string>
{
    ["chromium"] = "/usr/bin/chromium",
    ["mariadb-server"] = "/usr/sbin/mariadbd",
    ["pgbouncer"] = "/usr/sbin/pgbouncer",
    ["postgresql"] = "/usr/lib/postgresql/*/bin/postgres",
    ["redis-server"] = "/usr/bin/redis-server",
};
const string FastTests = "Idempotency.Filters.Tests";
const string DatabaseTests = "Idempotency.Filters.EntityFrameworkCore.Tests";
const string CampaignTests = "Idempotency.Filters.CampaignTests";
const string RedisTests = "Idempotency.Filters.Redis.Tests";
// The projects of tests, in the order in which they run.
string[] lanes =
[
    FastTests, "Idempotency.Filters.FrameworkTests", RedisTests, $"{RedisTests}.NewestClient",
    DatabaseTests, "Idempotency.Filters.ProcessTests", CampaignTests, "Idempotency.Filters.BrowserTests",
];
const string WithoutBudgets = "TestCategory!=Long&FullyQualifiedName!~.Budgets.";
const string Budgets = "TestCategory!=Long&FullyQualifiedName~.Budgets.";
string[] lanesWithBudgets = [FastTests, RedisTests, DatabaseTests];
string[] lanesWithLongTests = [FastTests, RedisTests, "Idempotency.Filters.ProcessTests"];
var artifacts = Directory("artifacts");
var packages = artifacts + Directory("packages");
var testResults = artifacts + Directory("test-results");
// The build scripts print this file as their last line.
var summary = testResults + File("summary.txt");

Task("Restore").Does(() => DotNetRestore(Solution));

// A folder of packages on this machine would hide a version that the package source no longer serves.
Task("Restore-From-Nothing")
    .Does(() => InTemporaryFolder(folder =>
    {
        var environment = new Dictionary<string, string> { ["NUGET_PACKAGES"] = $"{folder}/packages" };
        DotNetRestore(Solution, new DotNetRestoreSettings
        {
            EnvironmentVariables = environment,
            // The build goes on with the packages of this machine, and so must not find the files of this restore.
            ArgumentCustomization = arguments => arguments.Append("--no-http-cache").AppendSwitchQuoted("--artifacts-path", $"{folder}/artifacts"),
        });
        RunDotNet("tool restore --no-http-cache", environment);
    }));

// What no compiler checks.
Task("Lint")
    .Does(() =>
    {
        const int LongestLine = 140;
        var machinePath = new Regex(@"(?<![\w.}])/(work|root|home|Users)/\w");
        var link = new Regex(@"\]\((?![a-z]+:|#)(?<path>[^)#\s]+)");
        string[] generated = ["bin", "obj", "artifacts"];
        var root = MakeAbsolute(Directory("."));

        IEnumerable<string> Problems(FilePath file, string line)
        {
            if (file.GetExtension() == ".cs" && line.Length > LongestLine)
                yield return $"{line.Length} characters, at most {LongestLine}";
            if (machinePath.IsMatch(line))
                yield return "a path of one machine";
            if (file.GetExtension() != ".md")
                yield break;
            foreach (var path in link.Matches(line).Select(match => match.Groups["path"].Value))
            {
                if (!System.IO.Path.Exists($"{file.GetDirectory()}/{path}"))
                    yield return $"there is no {path}";
            }
        }

        var problems =
            from file in GetFiles("./**/*.{cs,cake,md,lua,csproj,props,targets,json,yml,sh,ps1,cshtml,js,css}")
            let name = root.GetRelativePath(file)
            where !name.Segments.Intersect(generated).Any()
            from line in System.IO.File.ReadLines(file.FullPath).Select((text, index) => (text, number: index + 1))
            from problem in Problems(file, line.text)
            select $"{name}:{line.number}: {problem}";
        var found = problems.ToList();
        foreach (var problem in found)
            Error("{0}", problem);
        if (found.Count > 0)
            throw new CakeException($"Lint: {found.Count} problems.");
    });

Task("Build")
    .IsDependentOn("Restore")
    .Does(() => DotNetBuild(Solution, new DotNetBuildSettings { Configuration = configuration, NoRestore = true }));

// Compiles each library once more, and expects the same bytes.
Task("Reproduce")
    .IsDependentOn("Build")
    .Does(() => InTemporaryFolder(folder =>
    {
        foreach (var name in libraries.Keys)
        {
            DotNetBuild($"{name}/{name}.csproj", new DotNetBuildSettings
            {
                Configuration = configuration,
                NoRestore = true,
                NoDependencies = true,
                NoIncremental = true,
                OutputDirectory = folder,
                // They write nothing into an assembly, and take most of the time.
                MSBuildSettings = new DotNetMSBuildSettings().WithProperty("RunAnalyzers", "false"),
            });
            foreach (var file in new[] { $"{name}.dll", $"{name}.pdb", $"{name}.xml" })
            {
                var built = System.IO.File.ReadAllBytes($"{name}/bin/{configuration}/net10.0/{file}");
                if (!built.AsSpan().SequenceEqual(System.IO.File.ReadAllBytes($"{folder}/{file}")))
                    throw new CakeException($"{file} differs from one build to the next. CONTRIBUTING.md names the usual cause.");
            }
        }
    }));

// Writes what is public, and in no PublicAPI.Shipped.txt, into each PublicAPI.Unshipped.txt.
Task("PublicApi")
    .Does(() =>
    {
        foreach (var name in libraries.Keys)
        {
            System.IO.File.WriteAllText($"{name}/PublicAPI.Unshipped.txt", "#nullable enable\n");
            DotNetRestore($"{name}/{name}.csproj");
            RunDotNet($"format analyzers {name}/{name}.csproj --diagnostics RS0016 --severity warn --no-restore");
        }
    });

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

            using var readme = new StreamReader(package.GetEntry("README.md").Open());
            var text = readme.ReadToEnd();
            var relative = Regex.Matches(text, @"(\]\(|(src|href)="")(?!https://|#)(?<target>[^)""]*)").Select(match => match.Groups["target"].Value).ToList();
            if (relative.Count > 0)
                throw new CakeException($"The README of {name} has links that lead nowhere outside the repository: {string.Join(", ", relative)}.");
            if (text.Contains("https://github.com/OWNER/"))
                Warning("{0} links to a repository that does not exist: set RepositoryRoot in Directory.Build.props before it is published.", name);
        }
    });

// The tests drive the distribution's own Chromium and servers, and start each server themselves: what a package starts or makes is not used.
// Where one cannot be installed, its tests skip themselves, and fail on continuous integration.
Task("Install-Test-Dependencies")
    .WithCriteria(() => FileExists("/usr/bin/apt-get"), "There is no apt-get.")
    .Does(() =>
    {
        string[] missing = [.. testDependencies.Where(dependency => !GetFiles(dependency.Value).Any()).Select(dependency => dependency.Key)];
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
        var projects = GetFiles("./*/*.csproj").Select(file => file.GetFilenameWithoutExtension().ToString())
            .Where(name => name.EndsWith("Tests") || name.Contains(".Tests."));
        if (projects.Except(lanes).ToList() is { Count: > 0 } forgotten)
            throw new CakeException($"In no lane of build.cake: {string.Join(", ", forgotten)}.");

        // The budgets alone: they count what a process allocates, and threads of the test framework that wait for other tests may
        // allocate, too.
        RunTests(
        [
            .. lanes.Select(lane => (lane, WithoutBudgets)),
            .. lanesWithBudgets.Select(lane => (lane, Budgets)),
        ]);
    });

// What needs no server and no second process, and nothing of the rest built: before each commit.
Task("Fast")
    .Does(() =>
    {
        DotNetBuild(FastTests, new DotNetBuildSettings { Configuration = configuration });
        RunTests((FastTests, WithoutBudgets));
    });

// What takes too long for every build.
Task("Long")
    .IsDependentOn("Build")
    .IsDependentOn("Install-Test-Dependencies")
    .Does(() => RunTests([.. lanesWithLongTests.Select(lane => (lane, "TestCategory=Long"))]));

// The crash campaign in its long form: docs/campaign.md. What was run is not run again.
Task("Campaign")
    .IsDependentOn("Install-Test-Dependencies")
    .Does(() =>
    {
        DotNetBuild(CampaignTests, new DotNetBuildSettings { Configuration = configuration });
        var settings = new Dictionary<string, string> { ["CAMPAIGN_RESULTS"] = MakeAbsolute(artifacts + Directory("campaign")).FullPath };
        foreach (var name in new[] { "mode", "seed", "kills", "parts", "part" })
            settings[$"CAMPAIGN_{name.ToUpperInvariant()}"] = Argument(name, "");
        RunDotNet(
            $"test {CampaignTests} -c {configuration} --no-build --filter TestCategory=Campaign --logger console;verbosity=normal", settings);
    });

// Prints which folder of the core uses which.
Task("Rooms")
    .IsDependentOn("Restore")
    .Does(() => RunDotNet(
        $"test Idempotency.Filters.Tests/Idempotency.Filters.Tests.csproj -c {configuration} --filter FullyQualifiedName~RoomsTests "
        + "--logger console;verbosity=detailed"));

Task("Default")
    .IsDependentOn("Lint")
    .IsDependentOn("Pack")
    .IsDependentOn("Reproduce")
    .IsDependentOn("Test");

Task("Continuous-Integration")
    .IsDependentOn("Restore-From-Nothing")
    .IsDependentOn("Default");

RunTarget(target);

void RunDotNet(string arguments, IDictionary<string, string> environment = null)
{
    var exitCode = StartProcess("dotnet", new ProcessSettings { Arguments = arguments, EnvironmentVariables = environment });
    if (exitCode != 0)
        throw new CakeException($"dotnet {arguments} ended with exit code {exitCode}.");
}

void InTemporaryFolder(Action<string> action)
{
    var folder = System.IO.Directory.CreateTempSubdirectory("idempotency-").FullName;
    try
    {
        action(folder);
    }
    finally
    {
        System.IO.Directory.Delete(folder, recursive: true);
    }
}

// Runs what each filter selects in its project, one after the other: browsers and crowds of waiters would take the processor from each
// other.
void RunTests(params (string Project, string Filter)[] runs)
{
    CleanDirectory(testResults);
    var (passed, failed) = (0, 0);
    var problems = new List<string>();
    var report = new List<string>();
    foreach (var (number, (project, filter)) in runs.Index())
    {
        var folder = testResults + Directory($"{number + 1}");
        var exitCode = 0;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        DotNetTest(project, new DotNetTestSettings
        {
            Configuration = configuration,
            Filter = filter,
            NoBuild = true,
            Loggers = ["trx;LogFilePrefix=tests"],
            ResultsDirectory = folder,
            // The counts are wanted of a run that failed, too.
            HandleExitCode = code => { exitCode = code; return true; },
        });

        var results = GetFiles($"{folder}/**/*.trx").SelectMany(file => XDocument.Load(file.FullPath).Descendants()).ToList();
        var counters = results.Where(element => element.Name.LocalName == "Counters").ToList();
        int Sum(params string[] names) =>
            (from element in counters from name in names select (int?)element.Attribute(name) ?? 0).Sum();

        var (passedHere, failedHere) = (Sum("passed"), Sum("failed", "error", "timeout", "aborted"));
        report.Add($"{watch.Elapsed.TotalSeconds,6:F0} s  {passedHere,5} passed  {failedHere,3} failed  {project}  {filter}");
        report.AddRange(results
            .Where(element => element.Name.LocalName == "StdOut" && element.Value.StartsWith("StackExchange.Redis "))
            .Select(element => $"          {element.Value.Trim()}"));
        if (failedHere > 0)
            problems.Add($"{failedHere} tests of {project} failed.");
        else if (exitCode != 0)
            problems.Add($"The run of {project} broke off with exit code {exitCode}.");
        else if (passedHere == 0)
            problems.Add($"No test of {project} ran.");
        (passed, failed) = (passed + passedHere, failed + failedHere);

        var skipped = results
            .Where(element => element.Name.LocalName == "UnitTestResult" && element.Attribute("outcome")?.Value == "NotExecuted")
            .Select(element => element.Descendants()
                .FirstOrDefault(child => child.Name.LocalName is "Message" or "StdOut")?.Value ?? "no reason given");
        foreach (var reason in skipped.GroupBy(reason => reason))
        {
            Warning("{0} tests of {1} were skipped: {2}", reason.Count(), project, reason.Key);
            if (EnvironmentVariable("CI") == "true")
                problems.Add($"{reason.Count()} tests of {project} were skipped.");
        }
    }

    foreach (var line in report)
        Information("{0}", line);
    System.IO.File.WriteAllText(summary, $"{passed} passed, {failed} failed{Environment.NewLine}");
    if (problems.Count > 0)
        throw new CakeException(string.Join(' ', problems));
}
