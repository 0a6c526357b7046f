using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.AspNetCore.Components.Rendering;

namespace Idempotency.Filters.FrameworkTests.Blazor;

/// <summary>A page with a form, as <c>form method="post" @onsubmit="Pay" @formname="pay"</c> makes it.</summary>
[Route("/till")]
public class TillPage : ComponentBase
{
    private string _paid = "not paid";

    [Inject]
    public required Runs Runs { get; set; }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, "form");
        builder.AddAttribute(1, "method", "post");
        builder.AddAttribute(2, "onsubmit", EventCallback.Factory.Create(this, PayAsync));
        builder.AddNamedEvent("onsubmit", "pay");
        builder.OpenComponent<AntiforgeryToken>(3);
        builder.CloseComponent();
        builder.CloseElement();
        builder.OpenElement(4, "p");
        builder.AddContent(5, _paid);
        builder.CloseElement();
    }

    protected virtual Task WorkAsync() => Task.CompletedTask;

    private async Task PayAsync()
    {
        await WorkAsync();
        _paid = $"run {Runs.Next()}";
    }
}
