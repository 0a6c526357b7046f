using Idempotency.Filters;
using Microsoft.AspNetCore.Mvc;

namespace PaymentsApi.Payments;

/// <summary>Payments: one for each key, however often the client retries.</summary>
[ApiController, Route("payments")]
public sealed partial class PaymentsController(ILedger ledger, PaymentGateway gateway, ILogger<PaymentsController> logger) : ControllerBase
{
    [HttpGet]
    public Task<IReadOnlyList<Payment>> List() => ledger.AllAsync();

    [HttpGet("{id:guid}")]
    [ProducesResponseType<Payment>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound, "application/problem+json")]
    public async Task<ActionResult<Payment>> Find(Guid id) => await ledger.FindAsync(id) is { } payment ? payment : NotFound();

    [HttpPost, Idempotent("payments")]
    [ProducesResponseType<Payment>(StatusCodes.Status201Created)]
    [ProducesResponseType<ValidationProblemDetails>(StatusCodes.Status400BadRequest, "application/problem+json")]
    public async Task<ActionResult<Payment>> Create(CreatePayment command, IIdempotencyContext idempotency)
    {
        // The same key on every run of this payment, so that the bank charges once even if this process dies before the payment is stored.
        await gateway.ChargeAsync(idempotency.DeriveKey("charge"));
        var payment = await ledger.EnterAsync(command);
        LogMade(logger, payment.Id, payment.Amount, payment.Currency);
        return Created($"/payments/{payment.Id}", payment);
    }

    [LoggerMessage(1, LogLevel.Information, "Payment {Id} was made: {Amount} {Currency}.")]
    private static partial void LogMade(ILogger logger, Guid id, decimal amount, string currency);
}
