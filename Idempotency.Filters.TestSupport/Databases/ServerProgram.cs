namespace Idempotency.Filters.TestSupport;

/// <summary>A program of the distribution.</summary>
/// <param name="path">Where it is, or null if it is not installed.</param>
/// <param name="package">The package that installs it.</param>
internal sealed partial class ServerProgram(string? path, string package)
{
    public string Path
    {
        get
        {
            if (File.Exists(path))
                return path;

            var message = $"{package} is not installed. Install it, on Debian by: apt-get install {package}.";
            WhenMissing(message);
            throw new FileNotFoundException(message);
        }
    }

    static partial void WhenMissing(string message);
}
