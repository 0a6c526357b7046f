using System.Buffers;
using System.IO.Compression;
using System.Text;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Records;

/// <summary>Protectors of the application, which may do anything.</summary>
internal sealed class OwnProtectorTests
{
    [Test]
    public async Task CompressedRecordIsReplayed()
    {
        var store = new FaultyStore();
        var script = new Script((_, _) => new ContentResult { Content = new string('x', 500_000) });
        await using var app = await script.StartAsync<ProtectionController>(
            store: store, services: s => s.AddIdempotency().ProtectRecords<Compressor>());
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(retry.IsReplay(), Is.True);
        Assert.That(await retry.TextAsync(), Is.EqualTo(new string('x', 500_000)));
        Assert.That(store.Records.Single().Length, Is.LessThan(10_000));
    }

    [Test]
    public async Task ProtectorIsGivenTheStorageKeyOfTheRecord()
    {
        var protector = new Watcher();
        await using var app = await StartAsync(new Script(), protector);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(protector.Keys, Has.Count.EqualTo(2).And.All.StartsWith("idempotency:"));
        Assert.That(protector.Keys.Distinct(), Has.Exactly(1).Items);
    }

    [TestCase(2, TestName = "ProtectorThatFailsAFewTimesIsTriedAgainWhileTheClientWaits")]
    [TestCase(5, TestName = "ProtectorThatFailsLongerIsTriedAgainInTheBackground")]
    public async Task ProtectorThatFailsIsTriedAgain(int failures)
    {
        var store = new FaultyStore();
        var protector = new Watcher { OnProtect = attempt => attempt <= failures ? throw new IOException("no key vault") : 0 };
        await using var app = await StartAsync(new Script(), protector, store);
        using var first = await app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => store.Attempts == 1 && store.Released == 1);

        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task ProtectorThatAlwaysFailsSendsTheTrueAnswerAndKeepsTheKeyClosed()
    {
        var (script, store) = (new Script(), new FaultyStore());
        var protector = new Watcher { OnProtect = _ => throw new IOException("no key vault") };
        await using var app = await StartAsync(script, protector, store);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await first.IsRunAsync(1);
        await retry.IsProblemAsync(409, "in-flight");
        Assert.That(script.Runs, Is.EqualTo(1));
        Assert.That(store.Attempts, Is.Zero);
    }

    [Test]
    public async Task WhatTheProtectorThrowsIsLogged()
    {
        var script = new Script();
        var protector = new Watcher { OnUnprotect = () => throw new IOException("no key vault") };
        await using var app = await StartAsync(script, protector);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsProblemAsync(503, "record-unreadable");
        Assert.That(script.Runs, Is.EqualTo(1));
        Assert.That(app.Logs.Lines.Single(line => line.Id.Id == 7).Exception?.Message, Is.EqualTo("no key vault"));
    }

    [Test]
    public async Task ProtectorThatGivesNothingBackIsNoMiss()
    {
        var script = new Script();
        var protector = new Watcher { Swallows = true };
        await using var app = await StartAsync(script, protector);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsProblemAsync(503, "record-unreadable");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task WinnerOfAnotherExecutionIsUnprotected([Values] bool readable)
    {
        var (script, store) = (new Script(), new FaultyStore());
        var protector = new Watcher();
        await using var app = await StartAsync(script, protector, store);
        using var winner = await app.PostAsync("/orders", "k");
        var record = store.Records.Single();
        store.OnComplete = _ => Completion.Superseded(record);
        protector.OnUnprotect = readable ? null : () => throw new IOException("no key vault");

        using var loser = await app.PostAsync("/orders", "other");

        if (readable)
            await loser.IsReplayOfAsync(1);
        else
            await loser.IsProblemAsync(503, "record-unreadable");
        Assert.That(script.Runs, Is.EqualTo(2));
    }

    [Test]
    public async Task LastProtectorCounts()
    {
        var (one, two) = (new Watcher(), new Watcher());
        await using var app = await new Script().StartAsync<ProtectionController>(
            services: s => s.AddIdempotency().ProtectRecords(_ => one).ProtectRecords(_ => two));

        using var first = await app.PostAsync("/orders", "k");

        Assert.That((one.Keys.Count, two.Keys.Count), Is.EqualTo((0, 1)));
    }

    [Test]
    public void ProtectorThatCannotBeMadeFailsAtStart() => Assert.That(
        async () =>
        {
            await using var app = await new Script().StartAsync<ProtectionController>(
                services: s => s.AddIdempotency().ProtectRecords<Unmakeable>());
        },
        Throws.InvalidOperationException.With.Message.Contains(nameof(Uri)));

    private static Task<TestApp> StartAsync(Script script, IResponseRecordProtector protector, FaultyStore? store = null) =>
        script.StartAsync<ProtectionController>(
            clock: new TestClock { EndAtOnce = TimeSpan.FromSeconds(5) },
            store: store ?? new FaultyStore(),
            services: s => s.AddIdempotency().ProtectRecords(_ => protector));

    /// <summary>Writes one byte of its own and then the record, in pieces.</summary>
    private sealed class Watcher : IResponseRecordProtector
    {
        private int _attempts;

        public List<string> Keys { get; } = [];

        public Func<int, int>? OnProtect { get; set; }

        public Action? OnUnprotect { get; set; }

        public bool Swallows { get; set; }

        public void Protect(string storageKey, in ReadOnlySequence<byte> record, IBufferWriter<byte> destination)
        {
            Keys.Add(storageKey);
            destination.Write("!"u8);
            OnProtect?.Invoke(Interlocked.Increment(ref _attempts));
            foreach (var memory in record)
                destination.Write(memory.Span);
        }

        public void Unprotect(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination)
        {
            Keys.Add(storageKey);
            OnUnprotect?.Invoke();
            foreach (var memory in Swallows ? default : bytes.Slice(1))
                destination.Write(memory.Span);
        }
    }

    private sealed class Compressor : IResponseRecordProtector
    {
        public void Protect(string storageKey, in ReadOnlySequence<byte> record, IBufferWriter<byte> destination)
        {
            using var target = new MemoryStream();
            using (var brotli = new BrotliStream(target, CompressionLevel.Fastest))
                brotli.Write(record.ToArray());
            destination.Write(target.ToArray());
        }

        public void Unprotect(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination)
        {
            using var brotli = new BrotliStream(new MemoryStream(bytes.ToArray()), CompressionMode.Decompress);
            var buffer = new byte[4096];
            for (var read = brotli.Read(buffer); read > 0; read = brotli.Read(buffer))
                destination.Write(buffer.AsSpan(0, read));
        }
    }

    private sealed class Unmakeable(Uri uri) : IResponseRecordProtector
    {
        public void Protect(string storageKey, in ReadOnlySequence<byte> record, IBufferWriter<byte> destination) =>
            destination.Write(Encoding.UTF8.GetBytes(uri.ToString()));

        public void Unprotect(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination) =>
            Protect(storageKey, bytes, destination);
    }
}
