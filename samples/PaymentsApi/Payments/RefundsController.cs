using Idempotency.Filters;
using Microsoft.AspNetCore.Mvc;

namespace PaymentsApi.Payments;

/// <summary>Refunds in manual mode: the action decides what a repeat gets.</summary>
[ApiController, Route("payments/{id:guid}/refunds")]
public sealed partial class RefundsController(ILedger ledger, ILogger<RefundsController> logger) : ControllerBase
{
    [HttpPost, IdempotencyManual("payments")]
    [ProducesResponseType<Refund>(StatusCodes.Status201Created)]
    [ProducesResponseType<ValidationProblemDetails>(StatusCodes.Status400BadRequest, "application/problem+json")]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound, "application/problem+json")]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict, "application/problem+json")]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status422UnprocessableEntity, "application/problem+json")]
    public async Task<ActionResult<Refund>> Create(Guid id, CreateRefund command, IIdempotencyContext idempotency)
    {
        if (idempotency.IsRepeat)
            return Repeat(idempotency);

        var (outcome, refund) = await ledger.RefundAsync(id, command.Amount);
        switch (outcome)
        {
            case RefundOutcome.UnknownPayment:
                return Problem(statusCode: StatusCodes.Status404NotFound, title: "There is no such payment");
            case RefundOutcome.ExceedsPayment:
                return Problem(statusCode: StatusCodes.Status409Conflict, title: "The refund exceeds what is left of the payment");
            default:
                LogMade(logger, refund!.Id, refund.Amount, refund.Currency, id);
                return StatusCode(StatusCodes.Status201Created, refund);
        }
    }

    // RequestMatches is null if the record does not show whether the requests match. Then refuse: never move money on a guess.
    private ActionResult<Refund> Repeat(IIdempotencyContext idempotency) => idempotency.RequestMatches is true
        ? idempotency.Replay()
        : Problem(statusCode: StatusCodes.Status422UnprocessableEntity, title: "This key belongs to another refund");

    [LoggerMessage(1, LogLevel.Information, "Refund {Id} was made: {Amount} {Currency} of payment {PaymentId}.")]
    private static partial void LogMade(ILogger logger, Guid id, decimal amount, string currency, Guid paymentId);
}
