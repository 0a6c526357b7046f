using System.Buffers;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Tests.Forms;
using Idempotency.Filters.Tests.Policies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Parity;

/// <summary>
/// The features of django-idempotency-key, asgi-idempotency-header and flask-idempotent that this library has, too: one test per row of the
/// table of features, by number. Other tests cover each feature in depth.
/// </summary>
internal sealed class PredecessorFeatureTests
{
    [Test]
    public async Task Row01_GlobalFilterCoversEverything()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedActionController)], OptOut);

        Assert.That(await app.AnswerAsync("/marked/plain", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/marked/plain", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/marked/plain", "k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task Row02_AttributeOptsIn()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedActionController)]);

        Assert.That(await app.AnswerAsync("/marked/action", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/marked/plain", null), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task Row03_ExemptionOptsOutAndTheNearestLevelWins()
    {
        await using var app = await Answers.StartAsync([typeof(MarkedClassController), typeof(ExemptClassController)], OptOut);

        Assert.That(await app.AnswerAsync("/class/exempt", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/exempt", null), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/exempt/marked", null), Is.EqualTo("400 key-missing"));
    }

    [Test]
    public void Row03_ContradictionFailsTheStart() => Assert.That(
        async () =>
        {
            await using var app = await Answers.StartAsync([typeof(ContradictoryController)]);
        },
        Throws.InvalidOperationException.With.Message.Contains("contradict"));

    [Test]
    public async Task Row04_KeyIsOptional()
    {
        await using var app = await ParityApp.StartAsync(o => o.KeyRequired = false);

        Assert.That(await app.AnswerAsync("/pay", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", null), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 3"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 3 replayed"));
    }

    [Test]
    public async Task Row05_ManualActionSeesRepeatsAndDecides()
    {
        await using var app = await ParityApp.StartAsync(
            handler: [IdempotencyManual] (Runs runs, IIdempotencyContext idempotency, string? what) =>
            {
                var run = runs.Next();
                if (what == "keep")
                    idempotency.Keep();
                return what == "replay"
                    ? (IResult)idempotency.Replay()
                    : Results.Text($"{run} {idempotency.IsRepeat} {idempotency.RequestMatches}");
            });

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 False"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2 True True"));
        Assert.That(await app.AnswerAsync("/pay?what=replay", "k"), Is.EqualTo("200 1 False replayed"));
        Assert.That(await app.AnswerAsync("/pay?what=keep", "k"), Is.EqualTo("200 4 True False"));
        Assert.That(await app.AnswerAsync("/pay?what=replay", "k"), Is.EqualTo("200 4 True False replayed"));
    }

    [Test]
    public async Task Row06_HeaderHasAnotherName()
    {
        await using var app = await ParityApp.StartAsync(o => o.HeaderName = "X-Idempotent-Key");

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/pay", null, null, "X-Idempotent-Key: k"), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task Row07_KeyIsReadFromTheSourcesInOrder()
    {
        await using var app = await ParityApp.StartAsync(
            o => o.KeySources =
            [
                KeySource.Query("key"), KeySource.FormField("key"), KeySource.JsonField("meta.key"), KeySource.Header("X-Idempotent-Key"),
                KeySource.From(http => http.Request.Cookies["key"]),
            ],
            (IIdempotencyContext idempotency) => idempotency.Key);
        static FormUrlEncodedContent Form() => new([KeyValuePair.Create("key", "f")]);
        string[] others = ["X-Idempotent-Key: h", "Cookie: key=c"];

        Assert.That(await app.AnswerAsync("/pay?key=q", null, Form(), others), Is.EqualTo("200 q"));
        Assert.That(await app.AnswerAsync("/pay", null, Form(), others), Is.EqualTo("200 f"));
        Assert.That(await app.AnswerAsync("/pay", null, ParityApp.Json("""{"meta":{"key":"j"}}"""), others), Is.EqualTo("200 j"));
        Assert.That(await app.AnswerAsync("/pay", null, null, others), Is.EqualTo("200 h"));
        Assert.That(await app.AnswerAsync("/pay", null, null, others[1]), Is.EqualTo("200 c"));
    }

    [Test]
    public async Task Row08_KeyIsChecked()
    {
        await using var app = await ParityApp.StartAsync(
            o => (o.KeyFormat, o.StatusCodes.KeyMalformed, o.MaxKeyLength) = (KeyFormat.UuidV4, 422, 36));

        Assert.That(await app.AnswerAsync("/pay", "abc"), Is.EqualTo("422 key-malformed"));
        Assert.That(await app.AnswerAsync("/pay", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), Is.EqualTo("422 key-malformed"));
        Assert.That(await app.AnswerAsync("/pay", "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task Row09_MethodsAreChosenWithoutRegardToCase()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapMethods("/any", ["PUT", "POST"], (Runs runs) => runs.Next()).RequireIdempotency(),
            s => s.AddIdempotency(o => o.Methods = new HashSet<string> { "put" }));

        Assert.That(await app.AnswerAsync(HttpMethod.Put, "/any", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync(HttpMethod.Post, "/any", null), Is.EqualTo("200 1"));
        Assert.That(new IdempotencyOptions().Methods, Is.EquivalentTo(["POST", "PATCH"]));
    }

    [Test]
    public async Task Row10_StorageKeyCanBeMadeInAnotherWay()
    {
        await using var app = await ParityApp.StartAsync(services: s => s.AddSingleton<IIdempotencyKeyEncoder, OneKeyEncoder>());

        Assert.That(await app.AnswerAsync("/pay", "a"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "b"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task Row11_KeyBelongsToTheCaller()
    {
        await using var app = await ParityApp.StartAsync(o =>
        {
            o.CallerId = http => http.Request.Headers["X-User"];
            o.KeyScope = http => http.Request.Headers["X-Tenant"];
        });

        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-User: a", "X-Tenant: 1"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-User: b", "X-Tenant: 1"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-User: a", "X-Tenant: 2"), Is.EqualTo("200 3"));
        Assert.That(await app.AnswerAsync("/pay", "k", null, "X-User: a", "X-Tenant: 1"), Is.EqualTo("200 1 replayed"));
    }

    [TestCase(InFlightBehavior.Reject, "409 in-flight")]
    [TestCase(InFlightBehavior.Wait, "200 1 replayed")]
    public async Task Row12_RequestInFlightIsRejectedOrWaits(InFlightBehavior behavior, string expected)
    {
        Signal entered = new(), release = new();
        await using var app = await ParityApp.StartAsync(o => o.WhenInFlight = behavior, ParityApp.Hanging(entered, release));
        var first = app.AnswerAsync("/pay", "k");
        await entered.WaitAsync();

        var second = app.AnswerAsync("/pay", "k");
        if (behavior is InFlightBehavior.Reject)
            await second;
        release.Fire();

        Assert.That(await second, Is.EqualTo(expected));
        Assert.That(await first, Is.EqualTo("200 1"));
    }

    [Test]
    public async Task Row13_WaitHasALimitAndAStatus()
    {
        Signal entered = new(), release = new();
        var clock = new FakeTimeProvider();
        var store = new FaultyStore(clock);
        await using var app = await ParityApp.StartAsync(
            o => (o.WhenInFlight, o.WaitTimeout, o.StatusCodes.InFlight, o.RetryAfter) =
                (InFlightBehavior.Wait, TimeSpan.FromSeconds(3), 423, TimeSpan.FromSeconds(9)),
            ParityApp.Hanging(entered, release),
            s => s.AddIdempotency().UseStore((_, _) => store));
        var first = app.AnswerAsync("/pay", "k");
        await entered.WaitAsync();

        var second = app.PostAsync("/pay", "k");
        await Waiting.UntilAsync(() => store.Waits == 1);
        clock.Advance(TimeSpan.FromSeconds(3));

        using var response = await second.Soon();
        await response.IsProblemAsync(423, "in-flight");
        Assert.That(response.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(9)));
        release.Fire();
        Assert.That(await first, Is.EqualTo("200 1"));
    }

    [Test]
    public async Task Row14_LeaseEndsApartFromRetention()
    {
        Signal entered = new(), release = new();
        var clock = new FakeTimeProvider();
        await using var app = await ParityApp.StartAsync(
            o => (o.Lease, o.MaxExecutionTime, o.Retention) = (TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), null),
            ParityApp.Hanging(entered, release, onlyFirst: true),
            clock: clock);
        var hung = app.AnswerAsync("/pay", "k");
        await entered.WaitAsync();

        clock.Advance(TimeSpan.FromSeconds(70) - TimeSpan.FromTicks(1));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("409 in-flight"));
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2"));
        clock.Advance(TimeSpan.FromDays(1000));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 2 replayed"));

        release.Fire();
        await hung;
    }

    [TestCase(CacheLocking.On, "409 in-flight", 0)]
    [TestCase(CacheLocking.Off, "200 2", 1)]
    public async Task Row15_LockingIsSwitchedOffWithAWarning(CacheLocking locking, string expected, int warnings)
    {
        Signal entered = new(), release = new();
        await using var app = await ParityApp.StartAsync(
            handler: ParityApp.Hanging(entered, release, onlyFirst: true),
            services: s => s.AddDistributedMemoryCache().AddIdempotency().UseDistributedCache(o => o.Locking = locking));
        var first = app.AnswerAsync("/pay", "k");
        await entered.WaitAsync();

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo(expected));
        release.Fire();

        Assert.That(await first, Is.EqualTo("200 1"));
        Assert.That(app.Logs.Lines.Count(line => line is { Level: LogLevel.Warning, Id.Id: 51 }), Is.EqualTo(warnings));
    }

    [Test]
    public async Task Row16_LockIsOnesOwnAndNamedByThePrefix()
    {
        var own = new ChaosLock(new Chaos());
        await using var app = await ParityApp.StartAsync(
            o => o.KeyPrefix = "shop:",
            services: s => s.AddDistributedMemoryCache().AddIdempotency().UseDistributedCache().UseLock(_ => own));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(own.Names, Has.One.StartsWith("shop:"));
    }

    [Test]
    public async Task Row16_PrefixKeepsKeysApart()
    {
        await using var app = await Answers.StartAsync(
            app =>
            {
                app.MapPost("/pay", (Runs runs) => runs.Next()).RequireIdempotency();
                app.MapPost("/same", (Runs runs) => runs.Next()).RequireIdempotency("same");
                app.MapPost("/other", (Runs runs) => runs.Next()).RequireIdempotency("other");
            },
            s => s.AddIdempotency().AddPolicy("same", _ => { }).AddPolicy("other", o => o.KeyPrefix = "other:"));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/other", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/same", "k"), Is.EqualTo("422 key-reused"), "control: one prefix, one key");
    }

    [Test]
    public async Task Row17_ReplayHasAStatusOfItsOwn()
    {
        await using var app = await ParityApp.StartAsync(o => o.ReplayStatusCode = 409, (Runs runs) => ParityApp.Answer(runs, 201));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("201 1"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("409 1 replayed"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("409 1 replayed"));
    }

    [TestCase("X-Again")]
    [TestCase(null)]
    public async Task Row18_MarkerHasAnotherNameOrIsAbsent(string? name)
    {
        await using var app = await ParityApp.StartAsync(o => o.ReplayedHeaderName = name);
        using var first = await app.PostAsync("/pay", "k");

        using var replay = await app.PostAsync("/pay", "k");

        Assert.That(await replay.TextAsync(), Is.EqualTo("1"));
        Assert.That(replay.IsReplay(), Is.False);
        Assert.That(replay.Headers.Contains("X-Again"), Is.EqualTo(name is not null));
    }

    [Test]
    public async Task Row19_StatusesThatAreKeptAreChosen()
    {
        await using var app = await ParityApp.StartAsync(
            o => o.StoreStatusCodes = new HashSet<int> { 201 }, (Runs runs, int status) => ParityApp.Answer(runs, status));

        Assert.That(await app.AnswerAsync("/pay?status=201", "k"), Is.EqualTo("201 1"));
        Assert.That(await app.AnswerAsync("/pay?status=201", "k"), Is.EqualTo("201 1 replayed"));
        Assert.That(await app.AnswerAsync("/pay?status=404", "k2"), Is.EqualTo("404 2"));
        Assert.That(await app.AnswerAsync("/pay?status=404", "k2"), Is.EqualTo("404 3"));
    }

    [TestCase("application/json; charset=utf-8", true)]
    [TestCase("application/vnd.order+json", true)]
    [TestCase("text/plain", false)]
    public async Task Row20_ContentTypesThatAreKeptAreChosen(string type, bool kept)
    {
        await using var app = await ParityApp.StartAsync(
            o => o.StoreContentTypes = ["application/json"], (Runs runs) => Results.Bytes([(byte)('0' + runs.Next())], type));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo(kept ? "200 1 replayed" : "200 2"));
    }

    [Test]
    public async Task Row21_RecordsExpireOrAreKeptForEver()
    {
        var clock = new FakeTimeProvider();
        await using var app = await Answers.StartAsync(
            app =>
            {
                app.MapPost("/hour", (Runs runs) => runs.Next()).RequireIdempotency();
                app.MapPost("/ever", [Idempotent(RetentionSeconds = double.PositiveInfinity)] (Runs runs) => runs.Next())
                    .RequireIdempotency();
                app.MapPost("/day", (Runs runs, IIdempotencyContext idempotency) =>
                {
                    idempotency.KeepFor(TimeSpan.FromDays(1));
                    return runs.Next();
                }).RequireIdempotency();
            },
            s => s.AddSingleton<TimeProvider>(clock).AddIdempotency(o => o.Retention = TimeSpan.FromHours(1)));
        Assert.That(await app.AnswerAsync("/hour", "h"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/day", "d"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/ever", "e"), Is.EqualTo("200 3"));

        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.That(await app.AnswerAsync("/hour", "h"), Is.EqualTo("200 1 replayed"));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That(await app.AnswerAsync("/hour", "h"), Is.EqualTo("200 4"));
        Assert.That(await app.AnswerAsync("/day", "d"), Is.EqualTo("200 2 replayed"));
        clock.Advance(TimeSpan.FromDays(3650));
        Assert.That(await app.AnswerAsync("/day", "d"), Is.EqualTo("200 5"));
        Assert.That(await app.AnswerAsync("/ever", "e"), Is.EqualTo("200 3 replayed"));
    }

    [Test]
    public async Task Row22_PolicyHasAStoreOfItsOwn()
    {
        await using var app = await Answers.StartAsync(
            app =>
            {
                app.MapPost("/pay", (Runs runs) => runs.Next()).RequireIdempotency();
                app.MapPost("/eu", (Runs runs) => runs.Next()).RequireIdempotency("eu");
            },
            s => s.AddIdempotency().AddStore("eu", store => store.UseMemory()).AddPolicy("eu", o => o.StoreName = "eu"));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/eu", "k"), Is.EqualTo("200 2"));
    }

    [Test]
    public void Row22_StoreThatIsNotRegisteredFailsTheStart() => Assert.That(
        async () =>
        {
            await using var app = await ParityApp.StartAsync(o => o.StoreName = "nowhere");
        },
        Throws.InvalidOperationException.With.Message.Contains("AddStore(\"nowhere\", ...)"));

    [TestCase("memory", 0, 0)]
    [TestCase("cache", 1, 0)]
    [TestCase("own", 0, 1)]
    public async Task Row23_StoreIsTheMemoryTheCacheOrOnesOwn(string name, int inCache, int inOwn)
    {
        var cache = new ChaosCache(MemoryCaches.Create(), new Chaos());
        var store = new FaultyStore();
        await using var app = await ParityApp.StartAsync(services: s =>
        {
            var idempotency = s.AddSingleton<IDistributedCache>(cache).AddIdempotency();
            _ = name switch
            {
                "memory" => idempotency.UseMemory(),
                "cache" => idempotency.UseDistributedCache(),
                _ => idempotency.UseStore((_, _) => store),
            };
        });

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That((cache.Chaos.Count("set"), store.Completed), Is.EqualTo((inCache, inOwn)));
    }

    [Test]
    public async Task Row24_WaiterIsWokenWithoutPolling()
    {
        // No time passes on this clock, so only a signal can end the wait.
        Signal entered = new(), release = new();
        var store = new FaultyStore(new FakeTimeProvider());
        await using var app = await ParityApp.StartAsync(
            o => o.WhenInFlight = InFlightBehavior.Wait,
            ParityApp.Hanging(entered, release),
            s => s.AddIdempotency().UseStore((_, _) => store));
        var first = app.AnswerAsync("/pay", "k");
        await entered.WaitAsync();
        var second = app.AnswerAsync("/pay", "k");
        await Waiting.UntilAsync(() => store.Waits == 1);
        release.Fire();

        Assert.That(await second, Is.EqualTo("200 1 replayed"));
        Assert.That(await first, Is.EqualTo("200 1"));
    }

    [Test]
    public async Task Row24_WaitersOfACacheAskTogether()
    {
        const int Crowd = 40;
        Signal entered = new(), release = new();
        var cache = new ChaosCache(MemoryCaches.Create(), new Chaos());
        await using var app = await ParityApp.StartAsync(
            o => o.WhenInFlight = InFlightBehavior.Wait,
            ParityApp.Hanging(entered, release),
            s => s.AddSingleton<IDistributedCache>(cache).AddIdempotency().UseDistributedCache());
        var first = app.AnswerAsync("/pay", "k");
        await entered.WaitAsync();
        var waiters = Enumerable.Range(0, Crowd).Select(_ => app.AnswerAsync("/pay", "k")).ToArray();
        await Waiting.UntilAsync(() => cache.Chaos.Count("get") > Crowd + 2);
        release.Fire();

        Assert.That(await Task.WhenAll(waiters), Is.All.EqualTo("200 1 replayed"));
        Assert.That(await first, Is.EqualTo("200 1"));
        Assert.That(cache.Chaos.Count("get"), Is.LessThan(2 * Crowd), "each of them once, and then one for all");
    }

    [Test]
    public async Task Row25_FormHelpersRenderAHiddenFieldWithAFreshKey()
    {
        await using var app = await FormsApp.StartAsync();

        // One from the tag helper, one from the HTML helper.
        var fields = Html.Inputs(await app.Client.GetStringAsync("/KeyNames?name=order[key]"));

        Assert.That(fields.Select(field => field["type"]), Is.EqualTo(new[] { "hidden", "hidden" }));
        foreach (var field in fields)
        {
            Assert.That(await app.AnswerAsync("/view/named", null, Sent(field)), Is.EqualTo("302"));
            Assert.That(await app.AnswerAsync("/view/named", null, Sent(field)), Is.EqualTo("302 replayed"));
        }

        static FormUrlEncodedContent Sent(IReadOnlyDictionary<string, string> field) =>
            new([KeyValuePair.Create(field["name"], field["value"])]);
    }

    [Test]
    public async Task Row26_RecordsPassThroughAProtector()
    {
        var protector = new Inverter();
        await using var app = await ParityApp.StartAsync(services: s => s.AddIdempotency().ProtectRecords(_ => protector));

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1"));
        Assert.That(protector.Calls, Is.EqualTo("in "));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(protector.Calls, Is.EqualTo("in out "));
    }

    [Test]
    public async Task Row27_ErrorBodyIsCustomizedByTheApp()
    {
        await using var app = await ParityApp.StartAsync(services: s => s.AddProblemDetails(
            o => o.CustomizeProblemDetails = customized => customized.ProblemDetails.Title = "Ask the desk"));

        using var response = await app.PostAsync("/pay", null);

        await response.IsProblemAsync(400, "key-missing");
        Assert.That(await response.TextAsync(), Does.Contain("Ask the desk"));
    }

    [Test]
    public async Task Row27_ErrorBodyIsReplaceable()
    {
        await using var app = await ParityApp.StartAsync(
            o => o.OnRejected = async rejected =>
            {
                rejected.HttpContext.Response.StatusCode = 423;
                await rejected.HttpContext.Response.WriteAsync($"own {rejected.Code}");
            },
            services: s => s.AddProblemDetails());

        Assert.That(await app.AnswerAsync("/pay", null), Is.EqualTo("423 own key-missing"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task Row28_LogsTellTheKeyOnlyAsAHash()
    {
        await using var app = await ParityApp.StartAsync();
        await app.AnswerAsync("/pay", "secret-key");
        await app.AnswerAsync("/pay", "secret-key");
        await app.FinishAsync();

        Assert.That(
            app.Logs.Lines,
            Has.One.Matches<LogLine>(line => line is { Level: LogLevel.Information, Id.Id: 4 } && line.Message.Contains("sent again")));
        Assert.That(
            app.Logs.Lines.Where(line => line.Category.StartsWith("Idempotency.", StringComparison.Ordinal)),
            Has.None.Matches<LogLine>(line => line.Message.Contains("secret-key")));
    }

    private static void OptOut(IServiceCollection services) => services.Configure<MvcOptions>(o => o.Filters.Add<IdempotencyFilter>());

    private sealed class Inverter : IResponseRecordProtector
    {
        public string Calls { get; private set; } = "";

        public void Protect(string storageKey, in ReadOnlySequence<byte> record, IBufferWriter<byte> destination)
        {
            Calls += "in ";
            Invert(record, destination);
        }

        public void Unprotect(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination)
        {
            Calls += "out ";
            Invert(bytes, destination);
        }

        private static void Invert(in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination) =>
            destination.Write([.. bytes.ToArray().Select(value => (byte)~value)]);
    }

    private sealed class OneKeyEncoder : IIdempotencyKeyEncoder
    {
        public StorageKey Encode(string prefix, string scope, string key) => new($"{prefix}{scope}", prefix.Length + scope.Length);

        public string EncodeScope(string prefix, string scope) => $"{prefix}{scope}";
    }
}

[ApiController, Route("contradictory")]
public sealed class ContradictoryController(Runs runs) : ControllerBase
{
    [HttpPost, Idempotent, IdempotencyExempt]
    public int Post() => runs.Next();
}
