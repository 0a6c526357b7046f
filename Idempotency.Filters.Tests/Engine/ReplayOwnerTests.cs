using System.Buffers;
using System.Collections.Concurrent;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Engine;

/// <summary>
/// A store may still have something to end when it has found a record. A replay does not wait for it, but the request does.
/// </summary>
internal sealed class ReplayOwnerTests
{
    [Test]
    public async Task OwnerOfTheRecordIsAwaitedAfterTheReplay()
    {
        var notes = new ConcurrentQueue<string>();
        var release = new Signal();
        await using var app = await StartAsync(notes, release, RecordFlags.None);

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200 stored replayed"));
        notes.Enqueue("answered");
        release.Fire();
        await app.FinishAsync();

        Assert.That(notes.Where(note => note != "owner ends"), Is.EqualTo(["answered", "owner ended", "request ended"]));
        Assert.That(notes, Has.Member("owner ends"));
    }

    [Test]
    public async Task OwnerOfARecordThatIsNotReplayedIsAwaitedToo()
    {
        var notes = new ConcurrentQueue<string>();
        var release = new Signal();
        release.Fire();
        await using var app = await StartAsync(notes, release, RecordFlags.NotReplayable);

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("409 not-replayable"));
        await app.FinishAsync();

        Assert.That(notes, Is.EqualTo(["owner ends", "owner ended", "request ended"]));
    }

    private static Task<TestApp> StartAsync(ConcurrentQueue<string> notes, Signal release, RecordFlags flags)
    {
        var store = new FaultyStore { OnClaim = () => ClaimResult.Completed(Record(flags), new Owner(notes, release)) };
        return Answers.StartAsync(
            pipeline =>
            {
                pipeline.Use(async (http, next) =>
                {
                    await next(http);
                    notes.Enqueue("request ended");
                });
                pipeline.UseRouting();
                pipeline.MapPost("/tips", () => 1).RequireIdempotency();
            },
            s => s.AddIdempotency().UseStore((_, _) => store));
    }

    private static ReadOnlySequence<byte> Record(RecordFlags flags)
    {
        using var written = new ResponseRecord
        {
            Flags = flags,
            StatusCode = StatusCodes.Status200OK,
            Created = DateTimeOffset.UnixEpoch,
            Fingerprint = Fingerprint.OfAnyRequest,
            Headers = [],
            Body = flags is RecordFlags.None ? new("stored"u8.ToArray()) : default,
        }.Write();
        return new(written.Sequence.ToArray());
    }

    private sealed class Owner(ConcurrentQueue<string> notes, Signal release) : IDisposable, IAsyncDisposable
    {
        public void Dispose() => notes.Enqueue("not awaited");

        public async ValueTask DisposeAsync()
        {
            notes.Enqueue("owner ends");
            await release.WaitAsync();
            notes.Enqueue("owner ended");
        }
    }
}
