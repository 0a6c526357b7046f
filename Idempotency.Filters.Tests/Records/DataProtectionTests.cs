using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Idempotency.Filters.Records;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Records;

/// <summary>PARITY.md, row 26: the store holds encrypted records. If one cannot be decrypted, the action does not run again.</summary>
internal sealed class DataProtectionTests
{
    private const string Secret = "the-secret-of-this-response";

    [Test]
    public async Task ReplayIsTheFirstAnswer()
    {
        var script = new Script();
        await using var app = await script.StartAsync<ProtectionController>(services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");
        using var other = await app.PostAsync("/orders?other", "k");

        await first.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
        await other.IsProblemAsync(422, "key-reused");
    }

    [Test]
    public async Task LargeAnswerIsReplayedByteForByte()
    {
        var body = RandomNumberGenerator.GetBytes(1024 * 1024);
        var script = new Script((_, _) => new FileContentResult(body, "application/octet-stream"));
        await using var app = await script.StartAsync<ProtectionController>(services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(retry.IsReplay(), Is.True);
        Assert.That(await retry.Content.ReadAsByteArrayAsync(), Is.EqualTo(body));
    }

    [Test]
    public async Task EmptyAnswerIsReplayed()
    {
        var script = new Script((_, _) => new NoContentResult());
        await using var app = await script.StartAsync<ProtectionController>(services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(retry.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That(retry.IsReplay(), Is.True);
    }

    [TestCase(true)]
    [TestCase(false, Description = "The control: without protection it is all there.")]
    public async Task StoreSeesNothingOfTheAnswer(bool isProtected)
    {
        var store = new FaultyStore();
        await using var app = await Telling().StartAsync<ProtectionController>(
            store: store, services: isProtected ? new KeyRing().Protect : null);
        using var first = await app.PostAsync("/orders", "k");

        var stored = Encoding.Latin1.GetString(store.Records.Single().ToArray());

        Assert.That(stored.Contains(Secret, StringComparison.Ordinal), Is.Not.EqualTo(isProtected));
        Assert.That(stored.Contains("X-Secret", StringComparison.Ordinal), Is.Not.EqualTo(isProtected));
        Assert.That(stored.Contains("IDFR", StringComparison.Ordinal), Is.Not.EqualTo(isProtected));
    }

    [Test]
    public async Task InstancesThatShareTheKeyRingShareRecords([Values("orders", "manual")] string path)
    {
        var (script, store, ring) = (new Script(), new FaultyStore(), new KeyRing());
        await using var one = await script.StartAsync<ProtectionController>(store: store, services: ring.Protect);
        await using var other = await script.StartAsync<ProtectionController>(store: store, services: ring.Protect);
        using var first = await one.PostAsync(path, "k");

        using var retry = await other.PostAsync(path, "k");

        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task LostKeyRingIsNoMiss([Values("orders", "manual")] string path)
    {
        var (script, store) = (new Script(), new FaultyStore());
        await using var before = await script.StartAsync<ProtectionController>(store: store, services: new KeyRing().Protect);
        await using var after = await script.StartAsync<ProtectionController>(store: store, services: new KeyRing().Protect);
        using var first = await before.PostAsync(path, "k");

        using var retry = await after.PostAsync(path, "k");
        using var stillThere = await before.PostAsync(path, "k");

        await AssertUnreadableAsync(after, retry, script);
        await stillThere.IsReplayOfAsync(1);
    }

    [Test]
    public async Task RecordOfBeforeProtectionIsNoMiss([Values("orders", "manual")] string path)
    {
        var (script, store) = (new Script(), new FaultyStore());
        await using var before = await script.StartAsync<ProtectionController>(store: store);
        await using var after = await script.StartAsync<ProtectionController>(store: store, services: new KeyRing().Protect);
        using var first = await before.PostAsync(path, "k");

        using var retry = await after.PostAsync(path, "k");

        await AssertUnreadableAsync(after, retry, script);
    }

    [Test]
    public async Task ProtectedRecordIsNoMissWithoutProtection([Values("orders", "manual")] string path)
    {
        var (script, store) = (new Script(), new FaultyStore());
        await using var before = await script.StartAsync<ProtectionController>(store: store, services: new KeyRing().Protect);
        await using var after = await script.StartAsync<ProtectionController>(store: store);
        using var first = await before.PostAsync(path, "k");

        using var retry = await after.PostAsync(path, "k");

        await AssertUnreadableAsync(after, retry, script);
    }

    [Test]
    public async Task ChangeOfAnyByteIsNoMiss()
    {
        var (script, store) = (new Script(), new FaultyStore());
        await using var app = await script.StartAsync<ProtectionController>(store: store, services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "k");
        var stored = store.Records.Single().ToArray();

        for (var i = 0; i < stored.Length; i++)
        {
            var changed = stored.ToArray();
            changed[i] ^= 1;
            store.OnClaim = () => ClaimResult.Completed(new(changed));
            using var retry = await app.PostAsync("/orders", "k");
            await retry.IsProblemAsync(503, "record-unreadable");
        }

        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task TruncatedRecordIsNoMiss([Values(0, 1, 20, -1)] int length)
    {
        var (script, store) = (new Script(), new FaultyStore());
        await using var app = await script.StartAsync<ProtectionController>(store: store, services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "k");
        var stored = store.Records.Single().ToArray();
        store.OnClaim = () => ClaimResult.Completed(new(length < 0 ? stored[..^1] : stored[..length]));

        using var retry = await app.PostAsync("/orders", "k");

        await AssertUnreadableAsync(app, retry, script);
    }

    [Test]
    public async Task RecordThatWasCopiedToAnotherKeyIsRefusedThere()
    {
        var (script, store) = (new Script(), new FaultyStore());
        await using var app = await script.StartAsync<ProtectionController>(store: store, services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "mine");
        var stored = store.Records.Single();
        store.OnClaim = () => ClaimResult.Completed(stored);

        using var mine = await app.PostAsync("/orders", "mine");
        using var others = await app.PostAsync("/orders", "others");

        await mine.IsReplayOfAsync(1);
        await AssertUnreadableAsync(app, others, script);
    }

    [Test]
    public void PurposesArePartOfTheFormat()
    {
        var provider = new EphemeralDataProtectionProvider();
        var stored = new ArrayBufferWriter<byte>();

        new DataProtectionRecordProtector(provider).Protect("storage-key", new(Encoding.UTF8.GetBytes(Secret)), stored);

        var protector = provider.CreateProtector("Idempotency.Filters.ResponseRecord.v1", "storage-key");
        var plain = protector.Unprotect(stored.WrittenSpan.ToArray());
        Assert.That(Encoding.UTF8.GetString(plain), Is.EqualTo(Secret));
    }

    [Test]
    public async Task CompletionInTheBackgroundIsProtected()
    {
        var store = new FaultyStore { OnComplete = attempt => attempt <= 6 ? throw new IOException("down") : null };
        await using var app = await Telling().StartAsync<ProtectionController>(
            clock: new TestClock { EndAtOnce = TimeSpan.FromMinutes(1) }, store: store, services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "k");
        await Waiting.UntilAsync(() => store.Attempts == 7 && store.Released > 0);

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(await retry.TextAsync(), Is.EqualTo(Secret));
        Assert.That(retry.IsReplay(), Is.True);
        Assert.That(
            store.Records.Select(record => Encoding.Latin1.GetString(record.ToArray())),
            Has.None.Contains(Secret).And.None.Contains("IDFR"));
    }

    [Test]
    public async Task RecordThatIsTooLargeForTheStoreIsNotReplayable()
    {
        var script = new Script();
        var store = new FaultyStore { OnComplete = attempt => attempt == 1 ? Completion.TooLarge : null };
        await using var app = await script.StartAsync<ProtectionController>(store: store, services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");
        using var other = await app.PostAsync("/orders?other", "k");

        await first.IsRunAsync(1);
        await retry.IsProblemAsync(409, "not-replayable");
        await other.IsProblemAsync(422, "key-reused");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task AnswerOverTheCapIsNotReplayable()
    {
        var script = new Script((_, _) => new ContentResult { Content = new string('x', 1000) });
        await using var app = await script.StartAsync<ProtectionController>(
            o => o.MaxResponseBodySize = 10, services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        Assert.That(await first.TextAsync(), Has.Length.EqualTo(1000));
        await retry.IsProblemAsync(409, "not-replayable");
    }

    [Test]
    public async Task ActionThatFailedIsRefusedUnderBlock()
    {
        var script = new Script((_, run) => Script.Answer(run, 500));
        await using var app = await script.StartAsync<ProtectionController>(
            o => o.WhenFailed = FailureBehavior.Block, services: new KeyRing().Protect);
        using var first = await app.PostAsync("/orders", "k");

        using var retry = await app.PostAsync("/orders", "k");

        await retry.IsProblemAsync(409, "outcome-unknown");
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    private static Script Telling() => new((http, _) =>
    {
        http.Response.Headers["X-Secret"] = Secret;
        return new ContentResult { Content = Secret, StatusCode = StatusCodes.Status201Created };
    });

    private static async Task AssertUnreadableAsync(TestApp app, HttpResponseMessage response, Script script)
    {
        await response.IsProblemAsync(503, "record-unreadable");
        Assert.That(response.Headers.RetryAfter, Is.Not.Null);
        Assert.That(script.Runs, Is.EqualTo(1));
        Assert.That(app.Logs.Lines.Count(line => line.Id.Id == 7 && line.Level == LogLevel.Error), Is.EqualTo(1));
    }
}

[ApiController]
public sealed class ProtectionController(Script script) : ControllerBase
{
    [HttpPost("orders"), Idempotent]
    public Task<IActionResult> Order() => script.RunAsync(HttpContext);

    [HttpPost("manual"), IdempotencyManual]
    public async Task<IActionResult> Manual([FromServices] IIdempotencyContext idempotency) =>
        idempotency.IsRepeat ? idempotency.Replay() : await script.RunAsync(HttpContext);
}
