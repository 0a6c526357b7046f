using Idempotency.Filters.Engine;
using Microsoft.AspNetCore.Builder;

namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>
/// The endpoint filter that notes what becomes of a request: that it reaches the handler, that something throws, and what is answered.
/// </summary>
internal sealed class EndpointNote
{
    private bool _isInPlace;
    private bool _handlerAnswersItself;

    // The innermost note alone knows of the handler. Those of a group, and those among the filters around it, see exceptions and results.
    private bool _isInnermost;
    private bool _isAssumed;

    /// <summary>
    /// Adds a note at the end of the filters, and one outside each filter that is there: it may throw, and an earlier one may make an
    /// answer of that.
    /// </summary>
    public static void AddTo(EndpointBuilder endpoint)
    {
        var filters = endpoint.FilterFactories;
        for (var i = filters.Count - 1; i >= 0; i--)
        {
            if (!IsNote(filters[i]) && (i == 0 || !IsNote(filters[i - 1])))
                filters.Insert(i, new EndpointNote().Create);
        }

        var note = new EndpointNote();
        endpoint.Metadata.Add(note);
        filters.Add(note.Create);
    }

    /// <summary>Called when the endpoint is built with all its filters.</summary>
    public static EndpointReach Settle(EndpointBuilder endpoint)
    {
        var note = endpoint.Metadata.OfType<EndpointNote>().Last();
        note._isInnermost = true;
        var reach = !note._isInPlace || note._handlerAnswersItself ? EndpointReach.Hidden
            : ReferenceEquals(endpoint.FilterFactories[^1].Target, note) ? EndpointReach.Seen
            : EndpointReach.BehindFilters;
        note._isAssumed = reach is not EndpointReach.Seen;
        return reach;
    }

    /// <summary>Whether the endpoint was built with its filters.</summary>
    public static bool IsInPlace(EndpointBuilder endpoint) => endpoint.Metadata.OfType<EndpointNote>().Any(note => note._isInPlace);

    private static bool IsNote(Delegate factory) => factory.Target is EndpointNote;

    /// <summary>
    /// Whether the handler returns nothing that says what it answers. It is a <see cref="RequestDelegate"/>, like those of gRPC, or returns
    /// a result of its own that does all the work, like those of FastEndpoints.
    /// </summary>
    private static bool AnswersItself(Type returned)
    {
        if (returned == typeof(void) || returned == typeof(Task) || returned == typeof(ValueTask))
            return true;
        var generic = returned.IsGenericType ? returned.GetGenericTypeDefinition() : null;
        if (generic == typeof(Task<>) || generic == typeof(ValueTask<>))
            returned = returned.GetGenericArguments()[0];

        return returned.IsAssignableTo(typeof(IResult))
            && !returned.IsInterface
            && !returned.IsAssignableTo(typeof(IStatusCodeHttpResult))
            && !returned.IsAssignableTo(typeof(INestedHttpResult))
            && returned.Assembly != typeof(Results).Assembly;
    }

    private EndpointFilterDelegate Create(EndpointFilterFactoryContext context, EndpointFilterDelegate next)
    {
        _isInPlace = true;
        _handlerAnswersItself = AnswersItself(context.MethodInfo.ReturnType);
        return invocation => NoteAsync(invocation, next);
    }

    private async ValueTask<object?> NoteAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var http = invocation.HttpContext;
        // Filters also run after a failed binding, which has set a 400 by now. The handler does not run then.
        var reaches = _isInnermost && http.Response.StatusCode != StatusCodes.Status400BadRequest;
        if (reaches)
            IdempotentRequest.NoteReached(http, _isAssumed);
        try
        {
            var result = await next(invocation);
            IdempotentRequest.NoteResult(http, result);
            if (reaches)
                IdempotentRequest.NoteReturned(http);
            return result;
        }
        catch
        {
            IdempotentRequest.NoteThrew(http);
            throw;
        }
    }
}
