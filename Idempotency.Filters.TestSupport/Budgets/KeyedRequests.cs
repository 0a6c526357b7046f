using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace Idempotency.Filters.TestSupport.Budgets;

/// <summary>
/// Measures what a request makes the process allocate. Sends the same request again and again, with the same key or a fresh one each time,
/// from one raw socket, which allocates nothing itself.
/// </summary>
internal sealed class KeyedRequests : IDisposable
{
    private const string Digits = "00000000";
    private static int _sent;

    private readonly RawConnection _connection;
    private readonly byte[] _request;
    private readonly int _digits;
    private readonly bool _freshKeys;

    private KeyedRequests(TestApp? app, string method, string path, bool freshKeys)
    {
        const string Body = """{"amount":12.5,"currency":"EUR","reference":"inv-7"}""";
        _connection = new RawConnection(app!.Address);
        _freshKeys = freshKeys;
        _request = Encoding.ASCII.GetBytes(
            $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n"
            + $"Idempotency-Key: 5f0a8f1c-7a57-4f4e-9b1e-{Digits}\r\n\r\n{Body}");
        _digits = _request.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Digits));
    }

    public static void SkipUnlessOptimised()
    {
        if (typeof(IdempotencyFilter).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
            Assert.Ignore("The budgets are those of optimised code: run the tests with -c Release.");
    }

    /// <summary>
    /// Bytes per request, and the bytes that are still in use afterwards. Takes the least of several rounds, because other work in the
    /// process only adds.
    /// </summary>
    public static (double Allocated, double Retained) Measure(TestApp? app, string method, string path, bool freshKeys)
    {
        const int Rounds = 6;
        const int Requests = 2_000;
        using var requests = new KeyedRequests(app, method, path, freshKeys);
        requests.Run(Requests);
        SkipUnlessQuiet();

        // Objects that other tests left to be finalized would otherwise be freed during the measurement.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var least = long.MaxValue;
        var alive = GC.GetTotalMemory(forceFullCollection: true);
        for (var round = 0; round < Rounds; round++)
        {
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            requests.Run(Requests);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - allocated);
        }

        alive = GC.GetTotalMemory(forceFullCollection: true) - alive;
        return (least / (double)Requests, Math.Max(0, alive) / (double)(Rounds * Requests));
    }

    public void Dispose() => _connection.Dispose();

    // Between its shifts, the test framework may leave a thread that waits in a loop and allocates.
    private static void SkipUnlessQuiet()
    {
        const long Quiet = 1_000_000;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Thread.Sleep(200);
        if (GC.GetTotalAllocatedBytes(precise: true) - before > Quiet)
            Assert.Ignore("Something else in this process allocates: run the budgets alone, by --filter FullyQualifiedName~.Budgets.");
    }

    private void Run(int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (_freshKeys)
                (++_sent).TryFormat(_request.AsSpan(_digits, Digits.Length), out _, "D8", CultureInfo.InvariantCulture);
            _connection.Send(_request);
            _connection.Receive();
        }
    }
}
