using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>One secret for the application, with which every hash in the store is keyed.</summary>
internal sealed class HashSecretTests
{
    private const string CardCheckNumber = "{\"cvv\":\"123\"}";

    [Test]
    public async Task InstancesWithTheSameSecretShareRecords()
    {
        var (store, secret) = (new FaultyStore(), RandomNumberGenerator.GetBytes(32));
        await using var one = await StartAsync(store, secret);
        await using var other = await StartAsync(store, [.. secret]);

        Assert.That(await PayAsync(one), Is.EqualTo("200 1"));
        Assert.That(await PayAsync(other), Is.EqualTo("200 1 replayed"));
        Assert.That(await PayAsync(other, "{\"cvv\":\"124\"}"), Is.EqualTo("422 key-reused"));
    }

    [Test]
    public async Task ChangedSecretMakesEveryOpenKeyNew()
    {
        var store = new FaultyStore();
        await using var plain = await StartAsync(store, null);
        await using var one = await StartAsync(store, RandomNumberGenerator.GetBytes(32));
        await using var other = await StartAsync(store, RandomNumberGenerator.GetBytes(32));

        foreach (var app in new[] { plain, one, other })
            Assert.That(await PayAsync(app), Is.EqualTo("200 1"));
        foreach (var app in new[] { plain, one, other })
            Assert.That(await PayAsync(app), Is.EqualTo("200 1 replayed"));
    }

    [TestCase(false, Description = "The control: these are the hashes that stand in the store.")]
    [TestCase(true)]
    public async Task NoPlainHashOfAKeyACallerOrABodyIsInTheStore(bool isSecret)
    {
        var store = new KeyedStore();
        await using var app = await StartAsync(store, isSecret ? RandomNumberGenerator.GetBytes(32) : null);

        Assert.That(await PayAsync(app), Is.EqualTo("200 1"));

        Assert.That(store.Holds(SHA256.HashData("anonymous"u8)), Is.Not.EqualTo(isSecret), "caller");
        Assert.That(store.Holds(SHA256.HashData("\x09\0\0\0anonymousk"u8)), Is.Not.EqualTo(isSecret), "key");
        Assert.That(store.Holds(SHA256.HashData(Encoding.UTF8.GetBytes(CardCheckNumber))), Is.Not.EqualTo(isSecret), "body");
        Assert.That(store.Holds(TargetOfPayments()), Is.Not.EqualTo(isSecret), "target");
    }

    [Test]
    public async Task OperatorFindsAndForgetsKeysByTheClientsKey()
    {
        await using var app = await Answers.StartAsync(Map, s => s.AddIdempotency(o => o.HashSecret = [.. Fixed]));
        Assert.That(await PayAsync(app), Is.EqualTo("200 1"));
        var administration = app.Services.GetRequiredService<IIdempotencyAdministration>();

        Assert.That((await administration.FindAsync(IdempotencyScope.Anonymous, "k"))?.State, Is.EqualTo(FoundKeyState.Completed));
        Assert.That(await administration.ForgetAsync(IdempotencyScope.Anonymous), Is.EqualTo(1));
        Assert.That(await PayAsync(app), Is.EqualTo("200 2"));
    }

    [Test]
    public async Task SecretIsReadFromConfigurationAsBase64()
    {
        var (store, secret) = (new FaultyStore(), RandomNumberGenerator.GetBytes(32));
        await using var configured = await Answers.StartAsync(Map, services =>
        {
            var settings = new Dictionary<string, string?> { ["Idempotency:HashSecret"] = Convert.ToBase64String(secret) };
            var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
            services.Configure<IdempotencyOptions>(configuration.GetSection("Idempotency"));
            services.AddIdempotency().UseStore((_, _) => store);
        });
        await using var other = await StartAsync(store, secret);

        Assert.That(await PayAsync(configured), Is.EqualTo("200 1"));
        Assert.That(await PayAsync(other), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public void ShortSecretFailsTheStartAndIsNotShown()
    {
        var secret = RandomNumberGenerator.GetBytes(31);

        var failure = Assert.ThrowsAsync<OptionsValidationException>(async () => await StartAsync(new FaultyStore(), secret));

        Assert.That(failure.Message, Does.Contain("HashSecret has 31 bytes").And.Contain("at least 32"));
        Assert.That(failure.Message, Does.Not.Contain(Convert.ToBase64String(secret)));
    }

    [Test]
    public void PolicyWithASecretOfItsOwnFailsTheStart(
        [Values] bool ofApplication, [Values] bool ofPolicy, [Values("used", "unused")] string policy)
    {
        if (!ofApplication && !ofPolicy)
            return;

        var failure = Assert.ThrowsAsync<OptionsValidationException>(async () => await Answers.StartAsync(
            app => app.MapPost("/payments", () => 1).RequireIdempotency("used"),
            s => s.AddIdempotency(o => o.HashSecret = ofApplication ? [.. Fixed] : null)
                .AddPolicy("used", _ => { })
                .AddPolicy(policy, o => o.HashSecret = ofPolicy ? RandomSecret() : null)));

        Assert.That(failure.Message, Does.Contain("HashSecret differs").And.Contain("AddIdempotency alone").And.Contain($"'{policy}'")
            .Or.Contain("/payments"));
    }

    [Test]
    public async Task PolicyThatRepeatsTheSecretOfTheApplicationStarts()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/payments", (Runs runs) => runs.Next()).RequireIdempotency("same"),
            s => s.AddIdempotency(o => o.HashSecret = [.. Fixed]).AddPolicy("same", o => o.HashSecret = [.. Fixed]));

        Assert.That(await PayAsync(app), Is.EqualTo("200 1"));
        Assert.That(await PayAsync(app), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public void SecretThatIsAnotherEachTimeFailsTheStart()
    {
        var failure = Assert.ThrowsAsync<OptionsValidationException>(
            async () => await Answers.StartAsync(Map, s => s.AddIdempotency(o => o.HashSecret = RandomSecret())));

        Assert.That(failure.Message, Does.Contain("HashSecret differs").And.Contain("stays the same"));
    }

    private static byte[] Fixed { get; } = RandomSecret();

    private static byte[] RandomSecret() => RandomNumberGenerator.GetBytes(32);

    private static Task<TestApp> StartAsync(IIdempotencyStore store, byte[]? secret) =>
        Answers.StartAsync(Map, s => s.AddIdempotency(o => o.HashSecret = secret).UseStore((_, _) => store));

    private static void Map(WebApplication app) => app.MapPost("/payments", (Runs runs) => runs.Next()).RequireIdempotency();

    private static Task<string> PayAsync(TestApp app, string body = CardCheckNumber) =>
        app.AnswerAsync("/payments", "k", new StringContent(body, null, "application/json"));

    private static byte[] TargetOfPayments()
    {
        // Each text with its length: method, path, query; 1 = a valid media type, the type, no parameters; no headers.
        static byte[] Text(string text) => [.. BitConverter.GetBytes((long)text.Length), .. Encoding.Unicode.GetBytes(text)];
        static byte[] Number(long number) => BitConverter.GetBytes(number);
        return SHA256.HashData(
            [.. Text("POST"), .. Text("/payments"), .. Text(""), .. Number(1), .. Text("application/json"), .. Number(0), .. Text("")]);
    }

    /// <summary>Remembers all that a store is given to keep.</summary>
    private sealed class KeyedStore : IIdempotencyStore
    {
        private readonly FaultyStore _inner = new();
        private readonly List<string> _keys = [];

        public bool Holds(byte[] hash)
        {
            var part = Base64Url.EncodeToString(hash.AsSpan(0, 16));
            return _keys.Any(key => key.Contains(part, StringComparison.Ordinal))
                || _inner.Records.Any(record => record.ToArray().AsSpan().IndexOf(hash.AsSpan(0, 16)) >= 0);
        }

        public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken)
        {
            _keys.Add(key.Value);
            return _inner.ClaimAsync(key, options, cancellationToken);
        }

        public ValueTask<ClaimResult> WaitAsync(
            StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
            _inner.WaitAsync(key, options, timeout, cancellationToken);
    }
}
