using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Benchmarks.Server;

/// <summary>What the measured action takes and gives: JSON that grows by its lines.</summary>
public sealed record CreatePayment(decimal Amount, string Currency, string Reference, IReadOnlyList<PaymentLine> Lines)
{
    private static readonly PaymentLine Line = new("SKU-4711", "Something that somebody pays for", 2, 12.5m);

    /// <summary>The length of the shortest request body, in bytes.</summary>
    public static readonly int ShortestJson = Serialize("", 1).Length;

    /// <summary>A request body of exactly this length.</summary>
    public static byte[] Json(int length)
    {
        var lineLength = JsonSerializer.Serialize(Line, JsonSerializerOptions.Web).Length + 1;
        var lines = 1 + ((length - ShortestJson) / lineLength);
        var reference = new string('x', length - Serialize("", lines).Length);
        return Serialize(reference, lines);
    }

    private static byte[] Serialize(string reference, int lines) => Encoding.UTF8.GetBytes(JsonSerializer.Serialize(
        new CreatePayment(25m, "EUR", reference, [.. Enumerable.Repeat(Line, lines)]), JsonSerializerOptions.Web));
}

/// <summary>One position of a payment.</summary>
public sealed record PaymentLine(string Sku, string Text, int Quantity, decimal Price);

/// <summary>The answer: as long as the request and a little more.</summary>
public sealed record Payment(Guid Id, string Status, decimal Amount, string Currency, string Reference, IReadOnlyList<PaymentLine> Lines)
{
    public static Payment Of(CreatePayment command) =>
        new(Guid.NewGuid(), "accepted", command.Amount, command.Currency, command.Reference, command.Lines);
}

/// <summary>The same action, bare and in each way of being covered. It does nothing slow: what a filter costs shows as it is.</summary>
[ApiController]
public sealed class PaymentsController : ControllerBase
{
    [HttpPost(Paths.Bare)]
    public ActionResult<Payment> Bare(CreatePayment command) => Create(command);

    [HttpPost(Paths.First), Idempotent(Policies.ShortLived)]
    public ActionResult<Payment> First(CreatePayment command) => Create(command);

    [HttpPost(Paths.Replay), Idempotent]
    public ActionResult<Payment> Replay(CreatePayment command) => Create(command);

    [HttpPost(Paths.Gated), Idempotent(Policies.Waiting)]
    public async Task<ActionResult<Payment>> GatedAsync(CreatePayment command)
    {
        await Gate.PassAsync();
        return Create(command);
    }

    [HttpPost(Paths.BareUpload), DisableRequestSizeLimit]
    public Task<ActionResult<long>> BareUploadAsync() => ReadAllAsync();

    [HttpPost(Paths.Upload), Idempotent, DisableRequestSizeLimit]
    public Task<ActionResult<long>> UploadAsync() => ReadAllAsync();

    private CreatedResult Create(CreatePayment command) => Created("/payments/1", Payment.Of(command));

    private async Task<ActionResult<long>> ReadAllAsync()
    {
        var total = 0L;
        while (true)
        {
            var read = await Request.BodyReader.ReadAsync();
            total += read.Buffer.Length;
            Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return total;
        }
    }
}

/// <summary>The same action in an application whose global filter covers all but it.</summary>
[ApiController]
public sealed class ExemptController : ControllerBase
{
    [HttpPost(Paths.Exempt), IdempotencyExempt]
    public ActionResult<Payment> Exempt(CreatePayment command) => Created("/payments/1", Payment.Of(command));
}
