using System.Buffers;
using System.Collections.Concurrent;
using Idempotency.Filters.Records;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>The store gets the record before the response starts, in buffers that stay valid while it may read them.</summary>
[NonParallelizable]
internal sealed class RecordedFirstTests
{
    private readonly CompletingStore _store = new();
    private readonly PoolWatch _pool = new();
    private IHttpResponseFeature? _response;
    private TestApp _app = null!;

    [SetUp]
    public async Task Start()
    {
        _app = await TestApp.StartAsync(
            [typeof(RecordedFirstController)],
            services => services
                .AddIdempotency(options => options.MaxResponseBodySize = 50_000)
                .UseStore((provider, _) => _store.Over(
                    ActivatorUtilities.CreateInstance<MemoryIdempotencyStore>(provider, new MemoryStoreOptions()))),
            app => app.Use((http, next) =>
            {
                _response = http.Features.Get<IHttpResponseFeature>();
                return next(http);
            }));
        _store.Completing = _ => Task.CompletedTask;
    }

    [TearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [OneTimeTearDown]
    public void EndWatch() => _pool.Dispose();

    [TestCase(0)]
    [TestCase(40_000)]
    [TestCase(60_000)]
    public async Task ResponseHasNotStartedWhenTheRecordIsStored(int length)
    {
        var started = new List<bool>();
        _store.Completing = _ =>
        {
            started.Add(_response!.HasStarted);
            return Task.CompletedTask;
        };
        var answer = await _app.AskAsync($"recorded/first?length={length}");

        Assert.That(started, Is.EqualTo([false]));
        Assert.That(answer.Body, Has.Length.EqualTo(length));
    }

    [Test]
    public async Task BuffersGoBackOnceAfterAStoreCallThatCompleted()
    {
        List<byte[]> arrays = [];
        _store.Completing = record =>
        {
            arrays = PoolWatch.ArraysOf(record);
            _pool.Restart();
            return Task.CompletedTask;
        };
        await _app.AskAsync("recorded/first?length=40000");
        await _app.App.StopAsync();

        Assert.That(arrays, Has.Count.GreaterThan(2));
        Assert.That(_pool.SawEachOnce(arrays));
    }

    [Test]
    public async Task BuffersOfAFailedStoreCallStayItsOwn()
    {
        var records = new ConcurrentQueue<ReadOnlySequence<byte>>();
        _store.Completing = record =>
        {
            if (records.IsEmpty)
                _pool.Restart();
            records.Enqueue(record);
            return Task.FromException(new TimeoutException("The store did not answer in time."));
        };
        var answer = await _app.AskAsync("recorded/first?length=40000");
        await _app.App.StopAsync();

        // The last attempt runs in the background, on its own copy.
        var late = records.First();
        Assert.That(_pool.SawNone(PoolWatch.ArraysOf(late)));
        Assert.That(ResponseRecord.TryRead(late, out var record, out _));
        Assert.That(record.Body.ToArray(), Is.EqualTo(answer.Bytes));
    }

    /// <summary>A store that calls the test before each completion.</summary>
    private sealed class CompletingStore : IIdempotencyStore
    {
        private IIdempotencyStore _inner = null!;

        public Func<ReadOnlySequence<byte>, Task> Completing { get; set; } = null!;

        public CompletingStore Over(IIdempotencyStore inner)
        {
            _inner = inner;
            return this;
        }

        public async ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken) =>
            Wrap(await _inner.ClaimAsync(key, options, cancellationToken));

        public async ValueTask<ClaimResult> WaitAsync(
            StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
            Wrap(await _inner.WaitAsync(key, options, timeout, cancellationToken));

        private ClaimResult Wrap(ClaimResult result) =>
            result.Outcome is ClaimOutcome.Acquired ? ClaimResult.Acquired(new CompletingClaim(this, result.Claim!)) : result;

        private sealed class CompletingClaim(CompletingStore store, IdempotencyClaim inner) : IdempotencyClaim
        {
            public override CancellationToken Lost => inner.Lost;

            public override long? FencingToken => inner.FencingToken;

            public override ReadOnlySequence<byte>? PreviousRecord => inner.PreviousRecord;

            public override async ValueTask<Completion> CompleteAsync(
                ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
            {
                await store.Completing(record);
                return await inner.CompleteAsync(record, retention, cancellationToken);
            }

            public override void Abandon() => inner.Abandon();

            public override ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}

[Route("recorded"), Idempotent]
public sealed class RecordedFirstController : ControllerBase
{
    [HttpPost("first")]
    public async Task First(int length)
    {
        for (; length > 0; length -= 1000)
            await Response.Body.WriteAsync(Enumerable.Range(length, 1000).Select(value => (byte)(value % 251)).ToArray());
    }
}
