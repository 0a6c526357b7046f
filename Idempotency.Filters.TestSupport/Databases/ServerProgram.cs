namespace Idempotency.Filters.TestSupport;

/// <summary>A program of the distribution.</summary>
/// <param name="path">Where it is, or null if it is not installed.</param>
/// <param name="package">The package that installs it.</param>
internal sealed class ServerProgram(string? path, string package)
{
    /// <summary>
    /// Skips the test if the program is not installed. On continuous integration, which installs it, fails the test instead.
    /// </summary>
    public string Path
    {
        get
        {
            if (File.Exists(path))
                return path;

            var message = $"THE TESTS WITH {package} DID NOT RUN. Install it, on Debian by: apt-get install {package}.";
            if (Environment.GetEnvironmentVariable("CI") == "true")
                Assert.Fail(message);
            Assert.Ignore(message);
            throw new FileNotFoundException(message);
        }
    }
}
