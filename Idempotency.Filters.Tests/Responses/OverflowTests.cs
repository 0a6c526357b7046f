using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>A response that is too large to keep, or that streams, reaches its client whole. Its action never runs twice.</summary>
[NonParallelizable]
internal sealed class OverflowTests
{
    private const int Cap = 1000;

    private static readonly string[] Ways =
        ["stream", "stream-at-once", "stream-in-bytes", "synchronous", "writer", "unflushed", "send-file", "bytes", "json", "items"];

    private Twin _twin = null!;

    private Gates Gates => _twin.Covered.Services.GetRequiredService<Gates>();

    [OneTimeSetUp]
    public async Task Start() => _twin = await Twin.StartAsync(
        [typeof(OverflowController)],
        options => options.MaxResponseBodySize = Cap,
        services => services.AddSingleton<Gates>());

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _twin.DisposeAsync();
        File.Delete(OverflowController.FilePath);
    }

    [Test]
    public async Task AsMuchAsTheCapIsReplayed([ValueSource(nameof(Ways))] string way) =>
        await _twin.AssertUntouchedAndReplayedAsync($"overflow/{way}?length={Cap}");

    [Test]
    public async Task OneMoreIsDeliveredWholeAndNotRunAgain([ValueSource(nameof(Ways))] string way) =>
        await AssertWholeAndNotRunAgainAsync($"overflow/{way}?length={Cap + 1}");

    [Test]
    public async Task ManyTimesTheCapIsDeliveredWholeAndNotRunAgain([ValueSource(nameof(Ways))] string way) =>
        await AssertWholeAndNotRunAgainAsync($"overflow/{way}?length={500 * Cap}");

    [TestCase("unbuffered")]
    [TestCase("unbuffered-start")]
    [TestCase("unbuffered-writer")]
    [TestCase("unbuffered-file")]
    [TestCase("unbuffered-complete")]
    public async Task DisabledBufferingStreamsHoweverLittleAndIsNotRunAgain(string way) =>
        await AssertWholeAndNotRunAgainAsync($"overflow/{way}?length=10");

    [Test]
    public async Task DefaultCapIsOneMebibyte()
    {
        await using var app = await TestApp.StartAsync(
            [typeof(OverflowController)],
            services => services.AddSingleton<Gates>().Configure<MvcOptions>(mvc => mvc.Filters.Add<IdempotencyFilter>()).AddIdempotency());

        foreach (var (length, status) in new[] { (1024 * 1024, 200), ((1024 * 1024) + 1, 409) })
        {
            var first = await app.AskAsync($"overflow/stream?length={length}");
            var retry = await app.AskAsync($"overflow/stream?length={length}");

            Assert.That((first.Status, first.Body.Length, retry.Status), Is.EqualTo((200, length, status)));
        }
    }

    [TestCase("held-open")]
    [TestCase("held-open-unbuffered")]
    public async Task RecordIsThereBeforeTheFirstByteIs(string action)
    {
        using var client = new RawConnection(_twin.Covered.Address);
        client.Send(
            $"POST /overflow/{action} HTTP/1.1\r\nHost: api.example\r\nIdempotency-Key: overflow-{action}\r\nContent-Length: 0\r\n\r\n");
        var received = await FirstBytesAsync(client);
        var retry = await _twin.Covered.AskAsync("overflow/" + action);
        Gates.Of(action).SetResult();

        Assert.That(received, Does.StartWith("HTTP/1.1 200 OK\r\n"));
        Assert.That((retry.Status, retry.Code), Is.EqualTo((409, "not-replayable")));
        Assert.That(await Task.Run(client.ReceiveText).Soon(), Does.EndWith("0\r\n\r\n"));
        Assert.That(Gates.Runs(action), Is.EqualTo(1));
    }

    [TestCase(500)]
    [TestCase(429)]
    public async Task StatusThatIsNotKeptHoldsItsKeyToTheEndAndFreesItThen(int status)
    {
        var path = $"overflow/failing?status={status}";
        using var first = await _twin.Covered.OpenAsync(path);
        var during = await _twin.Covered.AskAsync(path);
        Gates.Of($"{status}").SetResult();
        var whole = await first.Content.ReadAsByteArrayAsync().Soon();
        var after = await _twin.Covered.AskAsync(path);

        Assert.That((int)first.StatusCode, Is.EqualTo(status));
        Assert.That(whole, Has.Length.EqualTo(3 * Cap));
        Assert.That(during.Code, Is.EqualTo("in-flight"));
        Assert.That((after.Status, after.Body.Length, after.IsReplay), Is.EqualTo((status, 3 * Cap, false)));
        Assert.That(Gates.Runs($"{status}"), Is.EqualTo(2));
    }

    [TestCase("keep")]
    [TestCase("keep-for")]
    [TestCase("discard")]
    public async Task WishThatComesAfterTheOverflowIsRefused(string wish)
    {
        var first = await _twin.Covered.AskAsync($"overflow/late-wish?wish={wish}");
        var retry = await _twin.Covered.AskAsync($"overflow/late-wish?wish={wish}");

        Assert.That(
            first.Body,
            Does.EndWith("on its way (it outgrew MaxResponseBodySize, or buffering was disabled): decide before you write it."));
        Assert.That(retry.Code, Is.EqualTo("not-replayable"));
    }

    [Test]
    public async Task DiscardBeforeTheOverflowFreesTheKeyAtTheEnd()
    {
        var first = await _twin.Covered.AskAsync("overflow/discarded");
        var retry = await _twin.Covered.AskAsync("overflow/discarded");

        Assert.That((first.Body.Length, retry.Body.Length, retry.Status), Is.EqualTo((3 * Cap, 3 * Cap, 200)));
        Assert.That(Gates.Runs("discarded"), Is.EqualTo(2));
    }

    [Test]
    public async Task ClientThatLeavesWhileItStreamsDoesNotEndTheAction()
    {
        using (var client = new RawConnection(_twin.Covered.Address))
        {
            client.Send(
                "POST /overflow/left-alone HTTP/1.1\r\nHost: a\r\nIdempotency-Key: overflow-left-alone\r\nContent-Length: 0\r\n\r\n");
            await FirstBytesAsync(client);
            client.Abort();
        }

        Gates.Of("left-alone").SetResult();
        await Gates.Of("left-alone-ended").Task.Soon();
        var retry = await _twin.Covered.AskAsync("overflow/left-alone");

        Assert.That((retry.Code, Gates.Runs("left-alone")), Is.EqualTo(("not-replayable", 1)));
    }

    [TestCase("stream")]
    [TestCase("writer")]
    public async Task HundredMegabytesTakeMemoryForTheCapOnly(string way)
    {
        const long length = 100_000_000;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        using var first = await _twin.Covered.OpenAsync($"overflow/{way}?length={length}");
        var received = await CountAsync(await first.Content.ReadAsStreamAsync());
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;

        Assert.That(received, Is.EqualTo(length));
        Assert.That(allocated, Is.LessThan(length / 4), "The response was held, or copied.");
    }

    private static async Task<long> CountAsync(Stream stream)
    {
        var (buffer, count) = (new byte[64 * 1024], 0L);
        while (await stream.ReadAsync(buffer).AsTask().Soon() is var read and > 0)
            count += read;
        return count;
    }

    private static Task<string> FirstBytesAsync(RawConnection client) => Task.Run(client.ReceiveSome).Soon();

    private async Task AssertWholeAndNotRunAgainAsync(string path)
    {
        var runs = Gates.Runs(path);
        var (bare, first, retry) = await _twin.AskAsync(path);

        Assert.That(first.Content(), Is.EqualTo(bare.Content()));
        Assert.That((retry.Status, retry.Code), Is.EqualTo((409, "not-replayable")));
        Assert.That(Gates.Runs(path), Is.EqualTo(runs + 1));
    }
}

/// <summary>How actions wait for their test, and count their runs.</summary>
public sealed class Gates
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = [];
    private readonly ConcurrentDictionary<string, int> _runs = [];

    public TaskCompletionSource Of(string name) =>
        _gates.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public int Runs(string name) => _runs.GetValueOrDefault(name);

    public void Run(string name) => _runs.AddOrUpdate(name, 1, (_, runs) => runs + 1);
}

[Route("overflow")]
public sealed class OverflowController(Gates gates) : ControllerBase
{
    internal static readonly string FilePath = Path.GetTempFileName();

    private static readonly byte[] Pattern = [.. Enumerable.Range(0, 997).Select(value => (byte)value)];

    private string Self => $"{Request.Path}{Request.QueryString}"[1..];

    [HttpPost("stream")]
    public async Task ToStream(long length)
    {
        gates.Run(Self);
        for (; length > 0; length -= Pattern.Length)
            await Response.Body.WriteAsync(Part(length));
    }

    [HttpPost("stream-at-once")]
    public async Task AtOnce(int length)
    {
        gates.Run(Self);
        await Response.Body.WriteAsync(Filled(length));
    }

    [HttpPost("stream-in-bytes")]
    public async Task InBytes(int length)
    {
        gates.Run(Self);
        foreach (var value in Filled(length))
            await Response.Body.WriteAsync(new[] { value });
    }

    [HttpPost("synchronous")]
    public void Synchronous(int length)
    {
        gates.Run(Self);
        HttpContext.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        for (; length > 0; length -= Pattern.Length)
            Response.Body.Write(Part(length).Span);
        Response.Body.Flush();
    }

    [HttpPost("writer")]
    public async Task ToWriter(long length)
    {
        gates.Run(Self);
        for (; length > 0; length -= Pattern.Length)
        {
            var part = Part(length);
            part.CopyTo(Response.BodyWriter.GetMemory(part.Length));
            Response.BodyWriter.Advance(part.Length);
            await Response.BodyWriter.FlushAsync();
        }
    }

    [HttpPost("unflushed")]
    public void Unflushed(int length)
    {
        gates.Run(Self);
        Filled(length).CopyTo(Response.BodyWriter.GetMemory(length));
        Response.BodyWriter.Advance(length);
    }

    [HttpPost("send-file")]
    public async Task SendFile(int length)
    {
        gates.Run(Self);
        await System.IO.File.WriteAllBytesAsync(FilePath, Filled(length));
        await Response.SendFileAsync(FilePath);
    }

    [HttpPost("bytes")]
    public IActionResult Bytes(int length)
    {
        gates.Run(Self);
        return File(Filled(length), "application/octet-stream");
    }

    [HttpPost("json")]
    public IActionResult Json(int length)
    {
        gates.Run(Self);
        return new JsonResult(new string('j', length - 2));
    }

    [HttpPost("items")]
    public async IAsyncEnumerable<string> Items(int length)
    {
        gates.Run(Self);
        for (length -= 3; length > 50; length -= 43)
        {
            await Task.Yield();
            yield return new string('i', 40);
        }

        yield return new string('i', length - 1);
    }

    [HttpPost("unbuffered")]
    public async Task Unbuffered(int length)
    {
        gates.Run(Self);
        DisableBuffering();
        await Response.Body.WriteAsync(Filled(length));
    }

    [HttpPost("unbuffered-start")]
    public async Task UnbufferedStart(int length)
    {
        gates.Run(Self);
        DisableBuffering();
        await Response.StartAsync();
        await Response.Body.WriteAsync(Filled(length));
        await Response.CompleteAsync();
    }

    [HttpPost("unbuffered-writer")]
    public async Task UnbufferedWriter(int length)
    {
        gates.Run(Self);
        DisableBuffering();
        Filled(length).CopyTo(Response.BodyWriter.GetMemory(length));
        Response.BodyWriter.Advance(length);
        await Response.BodyWriter.FlushAsync();
    }

    [HttpPost("unbuffered-file")]
    public async Task UnbufferedFile(int length)
    {
        gates.Run(Self);
        DisableBuffering();
        await System.IO.File.WriteAllBytesAsync(FilePath, Filled(length));
        await Response.SendFileAsync(FilePath);
    }

    [HttpPost("unbuffered-complete")]
    public async Task UnbufferedComplete(int length)
    {
        gates.Run(Self);
        await Response.Body.WriteAsync(Filled(length));
        DisableBuffering();
        await Response.CompleteAsync();
    }

    [HttpPost("held-open")]
    public async Task HeldOpen()
    {
        gates.Run("held-open");
        await Response.Body.WriteAsync(Filled(3000));
        await gates.Of("held-open").Task.Soon();
    }

    [HttpPost("held-open-unbuffered")]
    public async Task HeldOpenUnbuffered()
    {
        gates.Run("held-open-unbuffered");
        DisableBuffering();
        await Response.StartAsync();
        await Response.Body.FlushAsync();
        await gates.Of("held-open-unbuffered").Task.Soon();
    }

    [HttpPost("failing")]
    public async Task Failing(int status)
    {
        gates.Run($"{status}");
        Response.StatusCode = status;
        await Response.Body.WriteAsync(Filled(3000));
        await gates.Of($"{status}").Task.Soon();
    }

    [HttpPost("late-wish")]
    public async Task LateWish([FromServices] IIdempotencyContext idempotency, string wish)
    {
        await Response.Body.WriteAsync(Filled(3000));
        try
        {
            Action late = wish switch
            {
                "keep" => idempotency.Keep,
                "keep-for" => () => idempotency.KeepFor(TimeSpan.FromDays(1)),
                _ => idempotency.Discard,
            };
            late();
        }
        catch (InvalidOperationException exception)
        {
            await Response.WriteAsync(exception.Message);
        }
    }

    [HttpPost("discarded")]
    public async Task Discarded([FromServices] IIdempotencyContext idempotency)
    {
        gates.Run("discarded");
        idempotency.Discard();
        await Response.Body.WriteAsync(Filled(3000));
    }

    [HttpPost("left-alone")]
    public async Task LeftAlone()
    {
        gates.Run("left-alone");
        await Response.Body.WriteAsync(Filled(3000));
        await gates.Of("left-alone").Task.Soon();
        for (var i = 0; i < 100; i++)
            await Response.Body.WriteAsync(Filled(3000), HttpContext.RequestAborted);
        gates.Of("left-alone-ended").SetResult();
    }

    private static ReadOnlyMemory<byte> Part(long length) => Pattern.AsMemory(0, (int)Math.Min(length, Pattern.Length));

    private static byte[] Filled(int length)
    {
        var bytes = new byte[length];
        for (var at = 0; at < length; at += Pattern.Length)
            Part(length - at).CopyTo(bytes.AsMemory(at));
        return bytes;
    }

    private void DisableBuffering() => HttpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
}
