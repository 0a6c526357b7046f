using Idempotency.Filters;
using Microsoft.AspNetCore.Mvc;

namespace PaymentsApi.Quotes;

/// <summary>Quotes change nothing, so each request gets a fresh one, even with a key that was used before.</summary>
[ApiController, Route("quotes")]
public sealed class QuotesController(TimeProvider timeProvider) : ControllerBase
{
    private const decimal FeeRate = 0.015m;
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(5);

    [HttpPost, IdempotencyExempt]
    [ProducesResponseType<Quote>(StatusCodes.Status200OK)]
    [ProducesResponseType<ValidationProblemDetails>(StatusCodes.Status400BadRequest, "application/problem+json")]
    public ActionResult<Quote> Create(CreateQuote command)
    {
        var now = timeProvider.GetUtcNow();
        var fee = decimal.Round(command.Amount * FeeRate, 2, MidpointRounding.AwayFromZero);
        return new Quote(Guid.CreateVersion7(now), command.Amount, fee, command.Amount + fee, command.Currency, now + Validity);
    }
}
