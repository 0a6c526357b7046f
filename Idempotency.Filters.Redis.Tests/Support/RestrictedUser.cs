namespace Idempotency.Filters.Redis.Tests.Support;

/// <summary>The user that docs/redis.md gives an application, by one line.</summary>
internal static class RestrictedUser
{
    private const string Name = "shop";
    private const string Password = "password";
    private const string Prefix = "idempotency:Shop.Api:";

    /// <summary>Makes the user, for keys with another prefix.</summary>
    /// <returns>The connection string.</returns>
    public static async Task<string> CreateAsync(RedisServer server, string prefix)
    {
        using var page = new StreamReader(typeof(RestrictedUser).Assembly.GetManifestResourceStream("redis.md")!);
        var line = (await page.ReadToEndAsync()).Split('\n', StringSplitOptions.TrimEntries)
            .Single(line => line.StartsWith("ACL SETUSER", StringComparison.Ordinal));
        Assert.That(line, Does.Contain($" {Name} ").And.Contains($">{Password} ").And.Contains(Prefix));
        await server.ExecuteAsync(line.Replace(Prefix, prefix, StringComparison.Ordinal).Split(' '));
        return $"{server.Address},user={Name},password={Password}";
    }

    /// <summary>What the user was refused: who, and what.</summary>
    public static async Task<string[]> RefusalsAsync(RedisServer server) =>
        [.. ((object?[])(await server.ExecuteAsync("ACL", "LOG"))!).Cast<object?[]>().Select(entry => string.Join(' ', entry))];
}
