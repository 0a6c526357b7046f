using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Responses;

/// <summary>
/// The results that ask the client to sign in, or refuse it, whatever status an authentication scheme makes of them. A redirect to a
/// sign-in page carries a state that serves once.
/// </summary>
internal static class ChallengeResults
{
    // MVC wraps the IResult of an action in this type, which is not public.
    private const string Wrapper = "Microsoft.AspNetCore.Mvc.HttpActionResult";

    /// <param name="result">What an action or a handler returned.</param>
    public static bool Contains(object? result) => result switch
    {
        ChallengeResult or ForbidResult or ChallengeHttpResult or ForbidHttpResult => true,
        INestedHttpResult nested => Contains(nested.Result),
        ActionResult action when action.GetType().FullName == Wrapper => Contains(WrappedIn(action)),
        _ => false,
    };

    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "MVC, which makes this type, does not run trimmed.")]
    private static object? WrappedIn(ActionResult action) => action.GetType().GetProperty("Result")?.GetValue(action);
}
