using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.ProcessTests;

/// <summary>
/// Values that another version of the library left in the server, as during a rolling deployment. The golden files are what version 1
/// writes, envelope and record, and stay for ever: each was taken from a server after a request with the key that is sent here.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RecordFormatTests : WorkerTests
{
    private const string Prefix = "idempotency:Lxg6TmRJOvPzd_dF7aUCNg:";
    private const string RecordKey = Prefix + "W5P43_Vl-v-tIFK-2OWosw";
    private const string ClaimKey = Prefix + "DbgD8nTnonUFBvAPNpMHJQ";

    protected override string[] Settings => ["--OperationTimeout", "00:00:05"];

    [SetUp]
    public Task StartWorkerAsync() => StartWorkerAsync([]);

    [Test]
    public async Task RecordOfVersion1IsReplayed()
    {
        await StoreAsync(RecordKey, Golden("redis-record-v1.bin"));

        using var response = await Workers[0].PostAsync("/work?ms=0", "golden");

        Assert.That(await AnswerAsync(response), Is.EqualTo("D41B1A954957CA59D581414A185D929B64941BDA67F84A8ADC3485F55F95C10D"));
        Assert.That(response.Content.Headers.ContentType?.ToString(), Is.EqualTo("application/octet-stream"));
        Assert.That(response.IsReplay(), Is.True);
        Assert.That(Runs("golden"), Is.Zero);
    }

    [Test]
    public async Task ClaimOfVersion1IsRespectedAndTakenOverWhenItsLeaseEnds()
    {
        // The lease that it names, 2 seconds, is the rest of its life less a tail of the same length.
        await StoreAsync(ClaimKey, Golden("redis-claim-v1.bin"), TimeSpan.FromSeconds(4));
        var client = new RetryingClient();

        await client.GetAnswerAsync(Workers[0], "/work?ms=2000", "golden-claim");

        Assert.That(client.Seen["409 in-flight"], Is.GreaterThan(0));
        Assert.That(Runs("golden-claim"), Is.EqualTo(1));
    }

    [Test]
    public async Task RecordOfAVersionToComeIsRefusedAndLeftAlone()
    {
        const int Head = 25;
        var value = Golden("redis-record-v1.bin");
        value[Head + 8]++;
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(Head + 4), Crc32C.Of(new(value, Head + 8, value.Length - Head - 8)));
        await StoreAsync(RecordKey, value);

        await AssertRefusedAsync(RecordKey, value, "/work?ms=0", "golden", "record-unreadable");
    }

    [Test]
    public async Task EnvelopeOfAVersionToComeIsRefusedAndLeftAlone()
    {
        var value = Golden("redis-claim-v1.bin");
        value[0]++;
        await StoreAsync(ClaimKey, value);

        await AssertRefusedAsync(ClaimKey, value, "/work?ms=2000", "golden-claim", "record-unreadable");
    }

    private async Task AssertRefusedAsync(string storageKey, byte[] value, string path, string key, string code)
    {
        using var response = await Workers[0].PostAsync(path, key);

        await response.IsProblemAsync(503, code);
        Assert.That(response.Headers.RetryAfter, Is.Not.Null);
        Assert.That(Runs(key), Is.Zero);
        Assert.That(await Server.ExecuteAsync("GET", storageKey), Is.EqualTo(Encoding.Latin1.GetString(value)));
    }

    private Task<object?> StoreAsync(string storageKey, byte[] value, TimeSpan? life = null) => Server.ExecuteAsync(
        "SET", storageKey, Encoding.Latin1.GetString(value),
        "PX", (life ?? TimeSpan.FromHours(1)).TotalMilliseconds.ToString(CultureInfo.InvariantCulture));

    private static byte[] Golden(string name)
    {
        using var stream = typeof(RecordFormatTests).Assembly.GetManifestResourceStream(typeof(RecordFormatTests), "Golden." + name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
