namespace Idempotency.Filters.Engine;

/// <summary>What a visitor reads whose form is refused. A visitor knows of no keys.</summary>
internal static class RejectionPage
{
    /// <param name="kind">Why it is refused.</param>
    public static (string Title, string Text) Of(RejectionKind kind) => kind.Code switch
    {
        "key-missing" => (
            "The form cannot be sent",
            "It came without the key that keeps it from being handled twice. Nothing was done. Open the page again, and send the form from "
            + "there."),
        "key-malformed" => (
            "The form cannot be sent",
            "The key that keeps it from being handled twice is not valid. Nothing was done. Open the page again, and send the form from "
            + "there."),
        "caller-anonymous" => (
            "Sign in first",
            "The form was sent without a sign-in. Nothing was done. Sign in, then open the page again and send the form from there."),
        "key-reused" => (
            "The form was sent before",
            "It was sent before with other content, and that stands. What was sent now was not done. To send something new, open the page "
            + "again."),
        "in-flight" => (
            "The form is being handled",
            "It was sent twice, and the first one is not done yet. Wait a moment, then send it again to see the result. It will not be "
            + "handled twice."),
        "not-replayable" => (
            "The form was handled",
            "It was sent before and was handled then. The result cannot be shown again. It will not be handled twice."),
        "outcome-unknown" => (
            "It is not known whether the form was handled",
            "It was sent before, and something went wrong. It will not be handled again until somebody has looked into it."),
        "transaction-conflict" => (
            "The form was not handled",
            "It met another one that is being handled. Nothing was done. Wait a moment, then send it again."),
        "rolled-back" => (
            "The form was not handled", "Something went wrong, and nothing was done."),
        "too-many-keys" => (
            "Too many forms were sent", "What was sent now was not done. Wait a moment, then send it again."),
        "body-too-large" => ("The form is too large", "What was sent now was not done."),
        "body-too-slow" => ("The form took too long to arrive", "Nothing was done. Send it again."),
        "record-unreadable" => (
            "The result cannot be shown now",
            "The form was sent before, but its result cannot be read now. It will not be handled twice. Try again later."),
        _ when kind == RejectionKind.CommitFailed => (
            "It is not known whether the form was handled",
            "Something went wrong. Wait a moment, then send it again to see the result. It will not be handled twice."),
        _ => (
            "The form cannot be handled now",
            "Nothing was done, because it cannot be made sure now that the form is handled only once. Wait a moment, then send it again."),
    };
}
