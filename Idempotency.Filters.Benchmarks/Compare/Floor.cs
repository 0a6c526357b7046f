using System.Diagnostics;
using System.Security.Cryptography;
using Idempotency.Filters.Benchmarks.Server;

namespace Idempotency.Filters.Benchmarks.Compare;

/// <summary>What no implementation can go below: a part of the work that has to be done, alone, in the server process.</summary>
/// <param name="Title">What the tables call it.</param>
/// <param name="Prepare">Given the size of the body, makes what does the work once.</param>
internal sealed record Floor(string Title, Func<int, Func<ValueTask>> Prepare)
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(0.2);

    public static readonly IReadOnlyDictionary<string, Floor> All = new Dictionary<string, Floor>
    {
        ["sha256"] = new("SHA-256 of the body", HashBody),
    };

    /// <returns>Microseconds for doing it once.</returns>
    public async Task<double> MeasureAsync(int size)
    {
        var runOnce = Prepare(size);
        var count = 0;
        var started = Stopwatch.GetTimestamp();
        for (; Stopwatch.GetElapsedTime(started) < Duration; count++)
            await runOnce();
        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / count;
    }

    private static Func<ValueTask> HashBody(int size)
    {
        var body = CreatePayment.Json(size);
        return () =>
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(body, hash);
            return ValueTask.CompletedTask;
        };
    }
}
