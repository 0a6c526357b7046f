using System.Security.Cryptography;
using System.Text;

namespace Idempotency.Filters.Redis.Internal;

/// <summary>A script, and the hash by which the server knows it.</summary>
internal sealed class RedisScript
{
    public static readonly RedisScript Claim = new("look.lua", "claim.lua");
    public static readonly RedisScript Complete = new("complete.lua");
    public static readonly RedisScript Release = new("release.lua");
    public static readonly RedisScript Renew = new("renew.lua");
    public static readonly RedisScript Find = new("look.lua", "find.lua");
    public static readonly RedisScript Resolve = new("look.lua", "resolve.lua");
    public static readonly RedisScript Forget = new("look.lua", "forget.lua");
    public static readonly RedisScript Info = new("info.lua");

    private RedisScript(params ReadOnlySpan<string> files)
    {
        var text = new StringBuilder();
        foreach (var file in files)
        {
            using var reader = new StreamReader(typeof(RedisScript).Assembly.GetManifestResourceStream(file)!);
            text.Append(reader.ReadToEnd());
        }

        Text = text.ToString();
#pragma warning disable CA5350 // By this hash the server finds a script; it protects nothing.
        Hash = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
#pragma warning restore CA5350
    }

    public string Text { get; }

    public byte[] Hash { get; }
}
