using System.Runtime.CompilerServices;
using System.Runtime.Loader;

/// <summary>Loads the Redis client that stands beside the program; see RedisClient.targets for when and why.</summary>
internal static class StartupHook
{
    /// <summary>
    /// Called by the runtime before the program, so that the initializer below has run when a test runner looks at the program's types.
    /// </summary>
    public static void Initialize()
    {
    }

#pragma warning disable CA2255 // This file is compiled into programs only.
    [ModuleInitializer]
#pragma warning restore CA2255
    public static void LoadTheClientFromBesideTheProgram() => AssemblyLoadContext.Default.Resolving += (context, name) =>
        name.Name == "StackExchange.Redis"
            ? context.LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, "redis-1.2.6", "StackExchange.Redis.dll"))
            : null;
}
