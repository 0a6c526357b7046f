using Idempotency.Filters;
using Microsoft.AspNetCore.Mvc;

namespace PaymentsApi.Payments;

/// <summary>Payments: one for each key, however often the client retries.</summary>
[ApiController, Route("payments")]
public sealed partial class PaymentsController(Ledger ledger, PaymentGateway gateway, ILogger<PaymentsController> logger) : ControllerBase
{
    [HttpGet]
    public IReadOnlyList<Payment> List() => ledger.All();

    [HttpGet("{id:guid}")]
    [ProducesResponseType<Payment>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound, "application/problem+json")]
    public ActionResult<Payment> Find(Guid id) => ledger.Find(id) is { } payment ? payment : NotFound();

    [HttpPost, Idempotent]
    [ProducesResponseType<Payment>(StatusCodes.Status201Created)]
    [ProducesResponseType<ValidationProblemDetails>(StatusCodes.Status400BadRequest, "application/problem+json")]
    public async Task<ActionResult<Payment>> Create(CreatePayment command)
    {
        await gateway.ChargeAsync();
        var payment = ledger.Enter(command);
        LogMade(logger, payment.Id, payment.Amount, payment.Currency);
        return Created($"/payments/{payment.Id}", payment);
    }

    [LoggerMessage(1, LogLevel.Information, "Payment {Id} was made: {Amount} {Currency}.")]
    private static partial void LogMade(ILogger logger, Guid id, decimal amount, string currency);
}
