using Idempotency.Filters.Benchmarks.Load;
using Idempotency.Filters.Benchmarks.Server;
using Idempotency.Filters.Benchmarks.Support;

namespace Idempotency.Filters.Benchmarks.Scale;

/// <summary>
/// One request with a large body, which its action reads to the end: bare and through the filter, each in a fresh process, which reports
/// its peak memory.
/// </summary>
internal static class Uploads
{
    private const int WarmUps = 200;

    public static readonly long[] BodySizes = [1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

    public static async Task<Series> MeasureAsync(Effort effort, long[] sizes)
    {
        var points = new List<Point>();
        foreach (var size in sizes)
        {
            Console.Error.WriteLine($"request body: {Sizes.Of(size)}");
            var (bare, bareSeconds) = await UploadAsync(effort, Paths.BareUpload, size);
            var (covered, coveredSeconds) = await UploadAsync(effort, Paths.Upload, size);
            points.Add(new(size, [bare, covered, size / 1e6 / bareSeconds, size / 1e6 / coveredSeconds]));
        }

        string[] columns = ["bare: peak memory, MB", "covered: peak memory, MB", "bare: MB/s", "covered: MB/s"];
        return new Series("size of the request body", "peak memory of the process, MB", columns, 2, points) { InBytes = true };
    }

    private static async Task<(double PeakMegabytes, double Seconds)> UploadAsync(Effort effort, string path, long size)
    {
        await using var stand = await Stand.StartAsync(StoreKind.Memory);
        var job = new LoadJob
        {
            Port = stand.Ports.Covered, Path = path, Status = StatusCodes.Status200OK,
            BodySize = size, Upload = true, Requests = effort.Rounds,
        };
        await LoadCommand.AskAsync(effort.Load, job with { BodySize = BodySizes[0], Requests = WarmUps });
        var result = await LoadCommand.AskAsync(effort.Load, job);
        return ((await stand.AskAsync<Sample>("sample")).PeakWorkingSet / 1e6, result.Seconds / result.Requests);
    }
}
