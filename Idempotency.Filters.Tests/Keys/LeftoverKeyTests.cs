using Idempotency.Filters.Keys;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>What broken clients send in place of a key is the same for every operation, so it is no key.</summary>
internal sealed class LeftoverKeyTests
{
    private const string Nil = "00000000-0000-0000-0000-000000000000";

    [TestCase("undefined")]
    [TestCase("null")]
    [TestCase("NULL")]
    [TestCase("NaN")]
    [TestCase("nan")]
    [TestCase("None")]
    [TestCase("nil")]
    [TestCase("(null)")]
    [TestCase("<null>")]
    [TestCase("<nil>")]
    [TestCase("'undefined'")]
    [TestCase("`null`")]
    [TestCase("undefined-undefined")]
    [TestCase("null:undefined")]
    [TestCase("{}")]
    [TestCase("%s")]
    [TestCase("%!s(<nil>)")]
    [TestCase("{{key}}")]
    [TestCase("{{$guid}}")]
    [TestCase("order-{{id}}-1")]
    [TestCase("${key}")]
    [TestCase("${uuidv4()}")]
    [TestCase("${user?.id}")]
    [TestCase("${a+b}")]
    [TestCase("${key|uuid}")]
    [TestCase("${}")]
    [TestCase("a-${b-${c}")]
    [TestCase("order-${order.id}")]
    [TestCase("${{github.run_id}}")]
    [TestCase("$(uuidgen)")]
    [TestCase("#{key}")]
    [TestCase("<your-key>")]
    [TestCase("<UUID>")]
    [TestCase("%IDEMPOTENCY_KEY%")]
    [TestCase(Nil)]
    [TestCase("{" + Nil + "}")]
    [TestCase("00000000000000000000000000000000")]
    public void LeftoverOfABrokenClientIsMalformed(string key)
    {
        var bare = IdempotencyKey.Read(key, KeyFormat.Any, 255);
        var quoted = IdempotencyKey.Read($"\"{key}\"", KeyFormat.Any, 255);
        var structured = IdempotencyKey.Read($"\"{key}\"", KeyFormat.StructuredString, 255);
        var plain = IdempotencyKey.ReadPlain(key, KeyFormat.Any, 255);

        KeyReading[] readings = [bare, quoted, structured, plain];
        Assert.That(readings.Select(reading => reading.Status), Is.All.EqualTo(KeyStatus.Malformed));
        Assert.That(readings.Select(reading => reading.Problem), Is.All.Contains("of your own for each operation"));
    }

    [TestCase("[object Object]")]
    [TestCase("[object Promise]")]
    [TestCase(" null ")]
    [TestCase("\"undefined\"")]
    [TestCase("<your key>")]
    [TestCase("{{ key }}")]
    [TestCase("${ key }")]
    public void LeftoverThatNeedsQuotesIsMalformedToo(string key)
    {
        var escaped = key.Replace("\"", "\\\"", StringComparison.Ordinal);

        Assert.That(IdempotencyKey.Read($"\"{escaped}\"", KeyFormat.Any, 255).Status, Is.EqualTo(KeyStatus.Malformed));
        Assert.That(IdempotencyKey.ReadPlain(key, KeyFormat.Any, 255).Status, Is.EqualTo(KeyStatus.Malformed));
    }

    [TestCase("nullable")]
    [TestCase("null-island")]
    [TestCase("none-7")]
    [TestCase("order-1-undefined-behaviour")]
    [TestCase("nancy")]
    [TestCase("nil42")]
    [TestCase("0")]
    [TestCase("true")]
    [TestCase("$100")]
    [TestCase("100%")]
    [TestCase("%s-7f3a")]
    [TestCase("{abc}")]
    [TestCase("a{b}c")]
    [TestCase("${")]
    [TestCase("{{")]
    [TestCase("}}{{")]
    [TestCase("<abc>")]
    [TestCase("<20261127.7@mail.example.com>")]
    [TestCase("[1]")]
    [TestCase("'")]
    [TestCase("-")]
    [TestCase("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")]
    [TestCase("ffffffff-ffff-ffff-ffff-ffffffffffff")]
    [TestCase("00000000-0000-0000-0000-000000000001")]
    [TestCase("bnVsbA==")]
    public void GoodKeyIsNotTakenForALeftover(string key)
    {
        Assert.That(IdempotencyKey.Read(key, KeyFormat.Any, 255).Key, Is.EqualTo(key));
        Assert.That(IdempotencyKey.ReadPlain(key, KeyFormat.StructuredString, 255).Key, Is.EqualTo(key));
    }

    [TestCase(Nil)]
    [TestCase("{" + Nil + "}")]
    [TestCase("URN:UUID:" + Nil)]
    [TestCase("00000000000000000000000000000000")]
    public void NilUuidIsMalformedInEveryFormat(string key)
    {
        foreach (var format in Enum.GetValues<KeyFormat>())
        {
            Assert.That(IdempotencyKey.Read($"\"{key}\"", format, 255).Status, Is.EqualTo(KeyStatus.Malformed), $"{format}");
            Assert.That(IdempotencyKey.ReadPlain(key, format, 255).Status, Is.EqualTo(KeyStatus.Malformed), $"{format}");
        }
    }

    [Test]
    public void LookingForLeftoversCostsNoMemory()
    {
        string[] keys = ["null", "order-7", "{{key}}", "undefined-undefined", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"];
        foreach (var key in keys)
            IdempotencyKey.Read(key, KeyFormat.Any, 255);

        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var key in keys)
            IdempotencyKey.Read(key, KeyFormat.Any, 255);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [TestCase("/keyed/form?key=undefined", TestName = "Leftover in the query")]
    [TestCase("/keyed/form?other=undefined", TestName = "Leftover from a delegate")]
    public async Task LeftoverIsRefusedThoughTheKeyIsOptional(string path)
    {
        await using var app = await KeyedApp.StartAsync(
            o => o.KeyRequired = false, KeySource.Query("key"), KeySource.From(http => http.Request.Query["other"]));

        Assert.That(await app.AnswerAsync(path, null, KeyedApp.Form(("amount", "1"))), Is.EqualTo("400 key-malformed"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public async Task LeftoverIsRefusedInABody()
    {
        await using var app = await KeyedApp.StartAsync(KeySource.FormField("key"), KeySource.JsonField("key"));

        Assert.That(await app.AnswerAsync("/keyed/form", null, KeyedApp.Form(("key", "[object Object]"))), Is.EqualTo("400 key-malformed"));
        Assert.That(
            await app.AnswerAsync("/keyed/json", null, KeyedApp.Json("""{"key":"null","amount":1}""")), Is.EqualTo("400 key-malformed"));
        Assert.That(app.Runs(), Is.Zero);
    }
}
