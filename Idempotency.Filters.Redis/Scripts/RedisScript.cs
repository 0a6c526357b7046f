using System.Security.Cryptography;
using System.Text;

namespace Idempotency.Filters.Redis.Scripts;

/// <summary>A script, and the hash by which the server knows it. All scripts on keys begin with the layout of what is stored.</summary>
internal sealed class RedisScript
{
    private const string Layout = "layout.lua";
    private const string Look = "look.lua";

    public static readonly RedisScript Claim = new(Layout, Look, "claim.lua");
    public static readonly RedisScript Complete = new(Layout, "complete.lua");
    public static readonly RedisScript Release = new(Layout, "release.lua");
    public static readonly RedisScript Renew = new(Layout, "renew.lua");
    public static readonly RedisScript Find = new(Layout, Look, "find.lua");
    public static readonly RedisScript Resolve = new(Layout, Look, "resolve.lua");
    public static readonly RedisScript Forget = new(Layout, Look, "forget.lua");
    public static readonly RedisScript List = new(Layout, Look, "list.lua");
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
