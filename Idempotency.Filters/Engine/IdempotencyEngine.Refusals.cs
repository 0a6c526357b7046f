using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Engine;

/// <summary>How a request is refused.</summary>
internal sealed partial class IdempotencyEngine
{
    /// <summary>Answers a request whose handler ran, although nothing of what it did stands. The host has no way left to do it.</summary>
    private async ValueTask<Rejection?> RefuseAsync(
        IdempotentRequest request, IdempotentExecution execution, HandlerResult result, Refusal refusal)
    {
        result.Forget();
        var rejection = Reject(request, refusal.Kind, refusal.Problem);
        if (execution.TryWithdraw())
            await rejection.SendAsync();
        else
            request.Http.Abort();
        return null;
    }

    private Rejection RejectAfter(IdempotentRequest request, StoreFailure failure, Exception exception)
    {
        if (failure is StoreFailure.Unreadable)
        {
            Log.RecordUnreadable(_logger, exception, request.KeyHash, "The store cannot read what it holds.");
            return Reject(request, RejectionKind.RecordUnreadable);
        }

        if (exception is IdempotencyStoreFullException { IsLimitOfCaller: true })
            return Reject(request, RejectionKind.TooManyKeys);

        services.Faults.Unavailable(exception, request.KeyHash);
        return Reject(request, RejectionKind.StoreUnavailable);
    }

    private Rejection Reject(IdempotentRequest request, RejectionKind kind, string? problem = null)
    {
        var endpoint = request.Http.GetEndpoint()?.DisplayName ?? "An endpoint without a name";
        if (kind == RejectionKind.StoreUnavailable)
            services.Faults.Rejected(endpoint, kind.Code, request.Policy.Name, request.KeyHash);
        else
            Log.Rejected(_logger, endpoint, kind.Code, request.Policy.Name, request.KeyHash, leftOut: default);
        request.Outcome = kind.Code;
        return new Rejection(kind, request.Http, request.Policy, problem);
    }
}
