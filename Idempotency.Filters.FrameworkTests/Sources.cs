using System.Reflection;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>What the project file says of places.</summary>
internal static class Sources
{
    /// <summary>The root of the repository.</summary>
    public static string Root => Metadata("SourceRoot");

    public static string Metadata(string key) =>
        typeof(Sources).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == key).Value!;
}
