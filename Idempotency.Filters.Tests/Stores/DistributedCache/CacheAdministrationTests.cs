using System.Text;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Tests.Stores.DistributedCache;

/// <summary>What an operator can see and change in a cache.</summary>
internal sealed class CacheAdministrationTests
{
    private CacheRig _rig = null!;

    [SetUp]
    public void Create() => _rig = new();

    [Test]
    public async Task KeyIsFoundInEachOfItsStates()
    {
        Assert.That(await FindAsync(), Is.Null);

        var claim = await _rig.AcquireAsync(CacheRig.Refused);
        Assert.That((await FindAsync())!.State, Is.EqualTo(ClaimOutcome.InFlight));

        _rig.Clock.Advance(CacheRig.Lease);
        Assert.That((await FindAsync())!.State, Is.EqualTo(ClaimOutcome.Interrupted));

        await CacheRig.CompleteAsync(claim, "answer");
        var found = await FindAsync();
        Assert.That(found!.State, Is.EqualTo(ClaimOutcome.Completed));
        Assert.That(Encoding.UTF8.GetString(found.Record.Span), Is.EqualTo("answer"));
        Assert.That(_rig.Locks.Count, Is.Zero);
    }

    [TestCase("resolved", "resolved")]
    [TestCase(null, "Acquired")]
    public async Task InterruptedKeyIsResolved(string? record, string answer)
    {
        await _rig.AcquireAsync(CacheRig.Refused);
        _rig.Clock.Advance(CacheRig.Lease);

        Assert.That(await ResolveAsync((await FindAsync())!, record), Is.True);

        Assert.That(await _rig.AnswerAsync(), Is.EqualTo(answer));
    }

    [Test]
    public async Task KeyInFlightIsNotResolved()
    {
        await _rig.AcquireAsync(CacheRig.Held);

        Assert.That(await ResolveAsync((await FindAsync())!, "resolved"), Is.False);
        Assert.That(await _rig.OutcomeAsync(), Is.EqualTo(ClaimOutcome.InFlight));
    }

    [Test]
    public async Task KeyThatChangedSinceItWasFoundIsNotResolved([Values("completed", "resolved", "freed")] string change)
    {
        var claim = await _rig.AcquireAsync(CacheRig.Refused);
        _rig.Clock.Advance(CacheRig.Lease);
        var stale = (await FindAsync())!;
        if (change == "completed")
            await CacheRig.CompleteAsync(claim, change);
        else
            await ResolveAsync(stale, change == "freed" ? null : change);

        Assert.That(await ResolveAsync(stale, "stale"), Is.False);
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo(change == "freed" ? "Acquired" : change));
    }

    [TestCase("resolved", "resolved")]
    [TestCase(null, "Acquired")]
    public async Task ValueThatCannotBeReadIsFoundAndResolved(string? record, string answer)
    {
        await _rig.Inner.SetAsync(CacheRig.Key, [1, 2, 3], new());

        var found = (await FindAsync())!;

        Assert.That(found.State, Is.EqualTo(ClaimOutcome.Completed));
        Assert.That(found.Record.IsEmpty, Is.True);
        Assert.That(_rig.Logged, Is.EqualTo([55]));
        Assert.That(await ResolveAsync(found, record), Is.True);
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo(answer));
    }

    [Test]
    public async Task LateCompletionDoesNotReplaceAResolution()
    {
        var claim = await _rig.AcquireAsync(CacheRig.Refused);
        _rig.Clock.Advance(CacheRig.Lease);
        await ResolveAsync((await FindAsync())!, "resolved");

        Assert.That(await CacheRig.CompleteAsync(claim, "late"), Is.EqualTo(CompletionOutcome.LeaseLost));
        Assert.That(await _rig.AnswerAsync(), Is.EqualTo("resolved"));
    }

    [Test]
    public async Task LockIsGivenBackWhenTheCacheFails()
    {
        await _rig.CompleteKeyAsync("answer");
        var found = (await FindAsync())!;
        _rig.Chaos.On = call => call == "get" ? Fault.Fails : Fault.None;

        Assert.That(() => FindAsync(), Throws.TypeOf<IOException>());
        Assert.That(() => ResolveAsync(found, null), Throws.TypeOf<IOException>());

        Assert.That(_rig.Locks.Count, Is.Zero);
    }

    [Test]
    public void KeysOfAScopeCannotBeFound() => Assert.That(
        async () => await _rig.Store.ForgetAsync("idempotency:caller:", CancellationToken.None),
        Throws.TypeOf<NotSupportedException>().With.Message.Contains("cannot enumerate"));

    private Task<StoredKey?> FindAsync() => _rig.Store.FindAsync(CacheRig.Key, CancellationToken.None).AsTask();

    private Task<bool> ResolveAsync(StoredKey found, string? record) => _rig.Store.ResolveAsync(
        CacheRig.Key, found, record is null ? null : CacheRig.Bytes(record), CacheRig.Retention, CancellationToken.None).AsTask();
}
